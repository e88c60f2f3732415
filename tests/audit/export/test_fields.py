from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from bot.audit import record
from bot.audit.export import atna, cef, fhir, ocsf
from bot.audit.export.fields import Fields, visible
from bot.audit.tree import leaf_hash
from bot.model import Event, Json
from tests.audit.export import readers
from tests.audit.export.samples import HOSTILE, event, hostile, least

DOCUMENT = Path(__file__).parents[3] / "docs/audit-exports.md"
FORMATS = ["fhir", "ocsf", "cef", "atna"]


def shown(form: str, of: Event) -> readers.Found:
    """What a format shows of an event, by the place where it shows it."""
    if form == "cef":
        return readers.read_cef(cef.line(of))
    if form == "atna":
        (message,) = readers.frames(atna.framed(of))
        return readers.read_atna(message)[0]
    return readers.read_json({"fhir": fhir.line, "ocsf": ocsf.line}[form](of))


def leaves(value: Mapping[str, Json], path: str = "") -> Iterator[tuple[str, list[str]]]:
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from leaves(item, f"{path}{key}.")
        else:
            yield (
                f"{path}{key}",
                [str(each) for each in item] if isinstance(item, list) else [str(item)],
            )


def documented() -> dict[str, dict[str, str]]:
    """The table of the document: each field's place in each format."""
    table = {}
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if len(cells) == 5 and line.startswith("| `"):
            table[cells[0]] = dict(zip(FORMATS, cells[1:], strict=True))
    return table


@pytest.mark.parametrize("form", FORMATS)
def test_every_field_is_where_the_document_says(form: str) -> None:
    whole = event()
    found, table = shown(form, whole), documented()
    recorded = dict(leaves(whole.data))
    assert set(table) == set(recorded)
    for field, values in recorded.items():
        there = "\n".join(found[table[field][form]])
        for value in values:
            if field == "ts":
                there, value = there.replace("Z", "+00:00"), whole.at.isoformat()  # noqa: PLW2901 - the same time, as it is written
            assert value in there, (field, there)


@pytest.mark.parametrize("form", FORMATS)
def test_a_field_that_no_format_knows_yet_is_not_dropped(form: str) -> None:
    known = event()
    data: dict[str, Json] = {
        **known.data,
        "novelty": {"deep": "a-new-value", "list": ["x-1", "x-2"], "yes": True},
    }
    body = record.encode(data)
    found = shown(form, Event(7, known.at, body, leaf_hash(body), data))
    without_body = {path: values for path, values in found.items() if "body" not in path}
    for raw in ("raw_data", "rawEvent"):
        without_body.pop(raw, None)
    everything = json.dumps(without_body)
    for value in ("a-new-value", "x-1", "x-2", "rue"):
        assert value in everything


BODY = {
    "fhir": "entity.detail[body]",
    "ocsf": "raw_data",
    "cef": "rawEvent",
    "atna": "ParticipantObjectDetail[body]",
}
LEAF = {
    "fhir": "entity.detail[leaf]",
    "ocsf": "unmapped.leaf",
    "cef": "wardroomLeaf",
    "atna": "ParticipantObjectDetail[leaf]",
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("of", [event(), least(), *hostile()], ids=["whole", "least", *HOSTILE])
def test_a_record_holds_the_stored_bytes_and_their_hash(form: str, of: Event) -> None:
    found = shown(form, of)
    (body,), (leaf,) = found[BODY[form]], found[LEAF[form]]
    assert body.encode() == of.body
    assert leaf_hash(body.encode()).hex() == leaf


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", list(HOSTILE))
def test_no_text_acts_instead_of_being_read(form: str, name: str) -> None:
    (of,) = [each for each in hostile() if each.data["text"] == HOSTILE[name]]
    found = shown(form, of)  # the reader fails on a second line, a broken frame, another key
    del found[BODY[form]]
    everything = "".join(value for values in found.values() for value in values)
    if form != "atna":  # its details are base64, and exact
        assert not set(everything) & set("\x1b\x07\u202e\u2028\u0085")
    assert set(found) <= set(shown(form, event(params={"version": "1", "query": "q"})))


def test_a_text_that_is_harmless_is_shown_as_it_is() -> None:
    assert visible("Grüße, 日本語 👩‍⚕️ @channel") == "Grüße, 日本語 👩‍⚕️ @channel"
    assert visible("a\tb\nc") == "a\tb\nc"
    assert visible("a\tb\nc", lines=False) == "a␉b␊c"


def test_fields_are_taken_once() -> None:
    fields = Fields({"a": {"b": "1", "c": {"d": 2}}, "e": ["x", 3], "f": {}, "g": "h"})
    assert fields.take("a", "b") == "1"
    assert fields.take("a", "b") == ""
    assert fields.take_all("e") == ["x", "3"]
    assert fields.take_all("g") == ["h"]
    assert fields.take_all("nowhere") == []
    assert fields.take_group("a") == {"c": {"d": 2}}
    assert fields.rest() == [("f", "{}")]
    assert fields.rest_nested() == {}


def test_the_query_of_a_search_is_in_the_place_for_queries() -> None:
    of = event(verb="audit search", params={"query": "person:engineer", "found": "3"})
    query = base64.b64encode(b"person:engineer").decode()
    assert shown("fhir", of)["entity.query"] == [query]
    assert shown("atna", of)["ParticipantObjectQuery"] == [query]
    assert datetime.fromisoformat(shown("fhir", of)["recorded"][0]) == of.at
