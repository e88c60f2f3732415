from __future__ import annotations

from bot.dispatch.phi import KINDS, Tier, scan
from tests.dispatch.phi.samples import HINTS, LEAKS, ORDINARY, Sample


def _wrong(samples: list[Sample]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the samples whose verdict has another tier, or lacks a kind that it must have."""
    verdicts = [(sample, scan(sample.text)) for sample in samples]
    return [
        (sample.id, verdict.tier, verdict.kinds)
        for sample, verdict in verdicts
        if verdict.tier is not sample.tier or not set(sample.kinds) <= set(verdict.kinds)
    ]


def test_every_leak_is_blocked_and_named() -> None:
    assert _wrong(LEAKS) == []


def test_every_hint_of_a_person_is_a_warning_and_no_block() -> None:
    assert _wrong(HINTS) == []


def test_ordinary_operations_talk_is_clean() -> None:
    assert _wrong(ORDINARY) == []


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
