from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import ids
from bot.audit import record
from bot.model import Account, Draft, Json, Kind, Place, Reason
from tests.examples import examples

STAMP = record.Stamp(seq=7, ts=1_790_000_000_123_456, id="an-id", software="1.2.3", replica="a")
FULL = Draft(
    kind=Kind.OUTCOME,
    verb="deploy",
    correlation="c-1",
    person="engineer",
    roles=("engineer", "responder"),
    account=Account("slack", "U1", "T1"),
    place=Place("slack", "C1", "170.1"),
    service="lab-results",
    environment="production",
    request="REQ-1",
    deploy="DEP-2",
    change="CHG-3",
    incident="INC-4",
    params={"version": "1.4.2", "environment": "production"},
    reason=Reason.OK,
    policies=("production-needs-change",),
    policy_version="abc",
    text="deploy lab-results 1.4.2 to production",
    error="TimeoutError",
)

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126))
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, PRINTABLE | st.text('\n\t\x01"\\'))
VALUES = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(PRINTABLE, v, max_size=4)
)
WORLD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


def body(draft: Draft, stamp: record.Stamp = STAMP) -> bytes:
    return record.encode(record.compose(draft, stamp))


@settings(max_examples=examples(50))
@given(VALUES)
def test_canonical_bytes_are_those_of_rfc_8785(value: Json) -> None:
    assert record.canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(PRINTABLE, WORLD, max_size=5))
def test_text_of_the_world_is_escaped_and_means_what_rfc_8785_says(value: Json) -> None:
    canonical = record.canonical(value)
    assert canonical.isascii()
    assert json.loads(canonical) == json.loads(rfc8785.dumps(value))


@settings(max_examples=examples(50))
@given(st.dictionaries(PRINTABLE, VALUES, max_size=5))
def test_what_was_written_reads_back(value: Json) -> None:
    assert record.parse(record.canonical(value)) == value
    assert record.canonical(record.parse(record.canonical(value))) == record.canonical(value)


def test_an_event_holds_every_field_that_the_requirement_names() -> None:
    assert record.parse(body(FULL)) == {
        "v": 2,
        "seq": 7,
        "ts": 1_790_000_000_123_456,
        "id": "an-id",
        "kind": "outcome",
        "correlation": "c-1",
        "actor": {
            "person": "engineer",
            "roles": ["engineer", "responder"],
            "platform": "slack",
            "account": "U1",
            "tenant": "T1",
        },
        "place": {"platform": "slack", "channel": "C1", "thread": "170.1"},
        "verb": "deploy",
        "target": {"service": "lab-results", "environment": "production"},
        "request": "REQ-1",
        "deploy": "DEP-2",
        "change": "CHG-3",
        "incident": "INC-4",
        "params": {"version": "1.4.2", "environment": "production"},
        "reason": "ok",
        "decision": {"policies": ["production-needs-change"], "version": "abc"},
        "text": "deploy lab-results 1.4.2 to production",
        "error": "TimeoutError",
        "software": "1.2.3",
        "replica": "a",
    }


def test_no_field_of_a_draft_is_forgotten() -> None:
    """A field that somebody adds to Draft and not to the record would be lost in silence."""
    whole = json.dumps(record.parse(body(FULL)))
    changed: dict[str, Any] = {
        **dict.fromkeys((field.name for field in dataclasses.fields(Draft)), "zz"),
        "kind": Kind.SYSTEM,
        "reason": Reason.FAILED,
        "account": None,
        "place": None,
        "roles": ("zz",),
        "policies": ("zz",),
        "params": {"x": "y"},
        "late": {"x": "y"},
    }
    del changed["sensitive"]  # says how the others are stored: tests/audit/disclosure
    for name, other in changed.items():
        differing = dataclasses.replace(FULL, **{name: other})
        assert json.dumps(record.parse(body(differing))) != whole, name


def test_empty_fields_are_left_out() -> None:
    draft = Draft(kind=Kind.SYSTEM, verb="start", correlation="c")
    assert set(record.parse(body(draft))) == {
        *("v", "seq", "ts", "id", "kind", "verb", "correlation", "software", "replica")
    }


def test_a_clock_that_was_behind_is_said() -> None:
    late = dataclasses.replace(STAMP, skew_us=5)
    assert record.parse(body(FULL, late))["skew_us"] == 5


@pytest.mark.parametrize("code", [0, 0xD800, 0xDFFF])
def test_what_no_database_can_store_becomes_a_replacement_character(code: int) -> None:
    bad = f"a{chr(code)}b"
    fields = record.parse(body(dataclasses.replace(FULL, text=bad, params={"p": bad})))
    assert (fields["text"], fields["params"]) == ("a\ufffdb", {"p": "a\ufffdb"})


def test_the_rest_of_an_unusual_draft_is_kept_as_it_is() -> None:
    unusual = dataclasses.replace(FULL, text="Grüße 🚑", error="\x00")
    fields, usual = record.parse(body(unusual)), record.parse(body(FULL))
    assert fields | {"text": "", "error": ""} == usual | {"text": "", "error": ""}
    assert fields["text"] == "Grüße 🚑"


def test_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    fields = record.parse(body(dataclasses.replace(FULL, text="é" * 1_000_000)))
    text = fields["text"]
    assert isinstance(text, str)
    assert text.startswith("é" * record.MAX_TEXT)
    assert text.endswith("(cut: 1000000 characters in all)")


def test_an_event_that_is_too_large_as_a_whole_is_refused() -> None:
    many = {f"p{number}": "x" * 39_000 for number in range(30)}
    with pytest.raises(ValueError, match="too large"):
        body(dataclasses.replace(FULL, params=many))


@pytest.mark.parametrize("wrong", [5, 1.5, None, b"x", ["x"]])
def test_a_draft_that_holds_no_text_is_refused(wrong: object) -> None:
    for change in ({"params": {"p": wrong}}, {"text": wrong}, {"roles": (wrong,)}):
        with pytest.raises(ValueError, match="text"):
            body(dataclasses.replace(FULL, **change))


@pytest.mark.parametrize("name", [5, "é", "a\x00"])
def test_a_parameter_with_an_unusual_name_is_refused(name: Any) -> None:
    with pytest.raises(ValueError, match=r"ASCII|text"):
        body(dataclasses.replace(FULL, params={name: "x"}))


@pytest.mark.parametrize(
    "bad",
    [1.0, float("nan"), 2**53, -(2**53), "\x00", "\ud800", {"é": 1}, {1: 1}, b"x", {1, 2}, [[1.5]]],
)
def test_what_the_format_leaves_out_is_refused(bad: Json) -> None:
    with pytest.raises(ValueError, match=r"."):
        record.canonical(bad)


@pytest.mark.parametrize(
    "bad",
    [
        b'{"a":1,"a":2}',
        b'{"a":1.5}',
        b'{"a":1e400}',
        b'{"a":NaN}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b"[1]",
        b"5",
        b"",
        b"{",
        b'{"a":"\xc3\xa9"}',
        b"[" * 100_000,
        b'{"a":' * 990 + b"1" + b"}" * 990,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_no_event_can_have_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        record.parse(bad)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 - made aware below
def test_times_are_exact_to_the_microsecond(at: datetime) -> None:
    aware = at.replace(tzinfo=UTC)
    assert record.moment(record.microseconds(aware)) == aware


@given(st.integers(0, 2**47 * 1000), st.binary(min_size=10, max_size=10))
def test_ids_are_version_7_uuids_of_their_time(ts: int, random: bytes) -> None:
    parsed = uuid.UUID(ids.uuid7(ts, random))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == ts // 1000
    assert parsed.int & (2**62 - 1) == int.from_bytes(random) & (2**62 - 1)
