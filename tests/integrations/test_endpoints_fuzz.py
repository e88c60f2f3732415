"""Whatever comes back from an endpoint, its parser says it in our words and never breaks."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.api import Endpoint, EndpointKind, Finding
from integrations.probes import dicom, fhir, hl7
from integrations.probes.wire import Unwell

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDED: Final = settings(max_examples=60, deadline=None)
ENDPOINT: Final = Endpoint("it", EndpointKind.FHIR, resources=("Patient",), fhir_version="4.0.1")
FOREIGN: Final = "ZZTEST^PATIENT"


def judged(judge: Callable[[], object]) -> object:
    """Return what a parser made of it; it may refuse it in our words, and nothing else."""
    try:
        found = judge()
    except Unwell as error:
        found = error
    assert isinstance(found, int | Finding | Unwell | tuple | None)
    if isinstance(found, Finding | Unwell):
        assert FOREIGN not in repr(found)
    return found


segments = st.lists(
    st.sampled_from(["MSH|^~\\&|LAB", "MSH", "MSA|AA|WR1", "MSA|AE", "MSA", f"ERR|{FOREIGN}", ""])
    | st.text(max_size=20),
    max_size=6,
)


@BOUNDED
@given(segments, st.sampled_from(["\r", "\n", "\r\n", "|"]), st.binary(max_size=20))
def test_no_acknowledgement_breaks_the_parser(parts: list[str], end: str, tail: bytes) -> None:
    block = end.join(parts).encode("utf-8", "replace") + tail
    judged(lambda: hl7.acknowledged(block, "WR1"))


@BOUNDED
@given(st.integers(0, 255), st.binary(max_size=200))
def test_no_answer_to_an_association_breaks_the_parser(kind: int, body: bytes) -> None:
    judged(lambda: dicom.accepted(kind, body))
    judged(lambda: dicom.accepted(dicom.ACCEPT, bytes(dicom.FIXED) + body))


@BOUNDED
@given(st.binary(max_size=120), st.integers(0, 140))
def test_no_command_breaks_the_parser(body: bytes, length: int) -> None:
    judged(lambda: dicom.fragment(body))
    judged(lambda: dicom.fragment(struct.pack(">IBB", length, 1, 3) + body))
    judged(lambda: dicom.echoed(body))
    judged(lambda: dicom.echoed(struct.pack("<HHI", 0, 0x0900, length) + body))


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(["type", "mode", "resource", "rest", "status"])
    return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["server", "active", "4.0.1", "Patient", FOREIGN]),
    _nested,
    max_leaves=12,
)


@BOUNDED
@given(
    st.fixed_dictionaries(
        {"resourceType": st.just("CapabilityStatement")},
        optional={"status": json_values, "fhirVersion": json_values, "rest": json_values},
    )
    | json_values
)
def test_no_statement_breaks_the_parser(statement: Any) -> None:
    judged(lambda: fhir.judged(statement, ENDPOINT))
    judged(lambda: fhir.require_smart(statement))


def test_the_fuzzed_parsers_can_say_yes() -> None:
    """Otherwise all the tests above would pass with parsers that refuse everything."""
    assert isinstance(judged(lambda: hl7.acknowledged(b"MSH|^~\\&\rMSA|AA|WR1", "WR1")), Finding)
    with pytest.raises(Unwell):
        hl7.acknowledged(b"MSH|^~\\&\rMSA|AA|WR1", "WR2")
