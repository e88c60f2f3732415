from __future__ import annotations

import pytest

from bot.dispatch.phi import KINDS, Tier, scan
from tests.dispatch.phi.samples import HINTS, LEAKS, ORDINARY, Sample


def _ids(samples: list[Sample]) -> list[str]:
    return [sample.id for sample in samples]


@pytest.mark.parametrize("sample", LEAKS, ids=_ids(LEAKS))
def test_a_leak_is_blocked_and_named(sample: Sample) -> None:
    verdict = scan(sample.text)
    assert verdict.tier is Tier.BLOCK
    assert set(sample.kinds) <= set(verdict.kinds)


@pytest.mark.parametrize("sample", HINTS, ids=_ids(HINTS))
def test_a_hint_of_a_person_is_a_warning_and_no_block(sample: Sample) -> None:
    verdict = scan(sample.text)
    assert verdict.tier is Tier.WARN
    assert set(sample.kinds) <= set(verdict.kinds)


@pytest.mark.parametrize("sample", ORDINARY, ids=_ids(ORDINARY))
def test_ordinary_operations_talk_is_clean(sample: Sample) -> None:
    assert scan(sample.text).findings == ()


def test_the_corpus_is_large_and_covers_every_kind() -> None:
    assert len(LEAKS) >= 80
    assert len(ORDINARY) >= 120
    covered = {kind for sample in LEAKS + HINTS for kind in sample.kinds}
    assert covered == set(KINDS) - {"too-long"}


def test_no_sample_is_there_twice() -> None:
    every = LEAKS + HINTS + ORDINARY
    assert len({sample.id for sample in every}) == len(every)
    assert len({sample.text for sample in every}) == len(every)


def test_recall_is_whole_and_no_ordinary_text_is_blocked() -> None:
    blocked = [sample.id for sample in LEAKS if scan(sample.text).tier is Tier.BLOCK]
    mistaken = [sample.id for sample in ORDINARY if scan(sample.text).tier is Tier.BLOCK]
    assert len(blocked) / len(LEAKS) == 1.0
    assert mistaken == []
