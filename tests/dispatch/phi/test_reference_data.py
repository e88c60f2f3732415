from __future__ import annotations

import base64
import gzip
import json
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.dispatch.phi import MAX_CHARS, Tier, mask, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DATA = Path(__file__).parents[4] / "shared" / "reference" / "data"
MESSAGES = sorted((DATA / "clinical" / "hl7v2").glob("*.hl7"))
BUNDLES = sorted((DATA / "clinical" / "fhir-r4-synthea").glob("*.json.gz"))

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the reference messages are not beside this repository"
)


def _message(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def test_every_hl7_message_is_blocked_however_it_arrives() -> None:
    arrivals: dict[str, Callable[[str], str]] = {
        "as it is": str,
        "lower case": str.lower,
        "JSON": json.dumps,
        "base64": lambda text: base64.b64encode(text.encode()).decode(),
        "URL": urllib.parse.quote,
    }
    missed = [
        (path.name, how)
        for path in MESSAGES
        for how, arrive in arrivals.items()
        if scan(arrive(_message(path))).tier is not Tier.BLOCK
    ]
    assert MESSAGES
    assert missed == []


def test_every_patient_segment_is_blocked_on_its_own() -> None:
    names = ("PID|", "NK1|", "PV1|", "OBX|", "OBR|", "IN1|", "GT1|", "DG1|", "AL1|", "MRG|")
    lines = {line for path in MESSAGES for line in _message(path).splitlines()}
    segments = [line for line in lines if line.startswith(names)]
    assert len(segments) > 150
    assert [line for line in segments if scan(line).tier is not Tier.BLOCK] == []


def test_every_labelled_span_of_an_hl7_message_is_covered_and_masked() -> None:
    rows = (DATA / "phi" / "phi_spans_from_hl7v2.jsonl").read_text().splitlines()
    for row in map(json.loads, rows):
        blocks = [f for f in scan(row["text"]).findings if f.tier is Tier.BLOCK]
        for span in row["spans"]:
            assert any(f.start <= span["start"] and span["end"] <= f.end for f in blocks), span
        masked = mask(row["text"])[0]
        assert not [
            s["value"] for s in row["spans"] if len(s["value"]) > 4 and s["value"] in masked
        ]


def test_every_fhir_bundle_is_blocked_whole_and_in_its_first_part() -> None:
    assert BUNDLES
    for path in BUNDLES:
        text = gzip.decompress(path.read_bytes()).decode()
        assert "fhir-json" in scan(text).kinds
        assert "fhir-json" in scan(text[: MAX_CHARS - 1]).kinds


def test_masking_a_fhir_bundle_leaves_none_of_its_labelled_values() -> None:
    rows = (DATA / "phi" / "phi_values_from_synthea_fhir.jsonl").read_text().splitlines()
    for row in map(json.loads, rows):
        path = DATA / "clinical" / "fhir-r4-synthea" / row["source"]
        text = gzip.decompress(path.read_bytes()).decode()
        for part in (text, text[:MAX_CHARS], json.dumps(text[:20_000])):
            masked = mask(part)[0]
            assert [v["value"] for v in row["values"] if v["value"] in masked] == []


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def test_payloads_of_chat_and_ci_platforms_are_not_blocked() -> None:
    seen: set[str] = set()
    for path in [
        *(DATA / "slack" / "bolt-python-payloads").rglob("*.json"),
        *(DATA / "ci" / "github" / "webhooks").rglob("*.json"),
        *(DATA / "ci" / "azure-devops").rglob("httpExamples/**/*.json"),
        *(DATA / "monitoring" / "alertmanager").rglob("*.json"),
    ]:
        seen.update(_strings(json.loads(path.read_bytes())))
    assert len(seen) > 2_000
    assert [text for text in seen if scan(text).tier is Tier.BLOCK] == []
