from __future__ import annotations

import pytest

from bot.dispatch.phi import Tier, scan
from tests.dispatch.phi.samples import (
    HIDDEN,
    LEAKS,
    ORDINARY,
    PACKED,
    VISIBLE,
    Sample,
    is_packed,
)

# A header without rows carries nobody's data; only alone on its line is it worth a block.
_ALONE = {"csv-header-only"}


def _missed(samples: list[Sample], wrap: object) -> list[str]:
    assert callable(wrap)
    return [
        sample.id
        for sample in samples
        if sample.id not in _ALONE and scan(wrap(sample.text)).tier is not Tier.BLOCK
    ]


@pytest.mark.parametrize("how", VISIBLE)
def test_a_leak_is_found_inside(how: str) -> None:
    assert _missed(LEAKS, VISIBLE[how]) == []


@pytest.mark.parametrize("how", HIDDEN)
def test_a_leak_is_found_written_with(how: str) -> None:
    assert _missed([sample for sample in LEAKS if not is_packed(sample)], HIDDEN[how]) == []


@pytest.mark.parametrize("how", PACKED)
def test_a_leak_is_found_packed_as(how: str) -> None:
    assert _missed([sample for sample in LEAKS if not is_packed(sample)], PACKED[how]) == []


@pytest.mark.parametrize("how", [*VISIBLE, *HIDDEN, *PACKED])
def test_ordinary_talk_stays_free_when_wrapped_in(how: str) -> None:
    wrap = {**VISIBLE, **HIDDEN, **PACKED}[how]
    blocked = [s.id for s in ORDINARY if scan(wrap(s.text)).tier is Tier.BLOCK]
    assert blocked == []


@pytest.mark.parametrize("before", ["approve REQ-12 ", "x\n" * 500, "lab-results 1.4.2 " * 200])
def test_a_leak_is_found_behind_other_text(before: str) -> None:
    assert (
        _missed([s for s in LEAKS if s.id.startswith(("hl7", "fhir", "mrn"))], before.__add__) == []
    )
