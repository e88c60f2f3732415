"""Orders matches by how much they are about what was looked for, instead of by their number.

Every match has every word, so what counts is how often, whether as whole words, and in how short
a text (the term weight of BM25). It is done for the newest matches only: an older one, however
good, is not found by it, and whoever asks is told so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot.audit.matching import fold, whole_text
from bot.model import AuditQuery, Event

MOST: Final = 5_000
"""Matches that are compared, the newest."""

_K: Final = 1.2
_B: Final = 0.75
_WHOLE: Final = 1.0  # for a word that stands alone, besides how often it occurs


def ranked(events: Sequence[Event], query: AuditQuery) -> list[Event]:
    """Return events, the best first; of two that are as good the newer."""
    patterns = [_pattern(word) for word in (*query.words, *query.prefixes)]
    texts = [whole_text(event.data) for event in events]
    mean = sum(map(len, texts)) / max(len(texts), 1)
    scores = [_score(text, patterns, mean) for text in texts]
    order = sorted(range(len(events)), key=lambda at: (-scores[at], -events[at].seq))
    return [events[at] for at in order]


def _pattern(word: str) -> tuple[str, re.Pattern[str]]:
    folded = fold(word)
    return folded, re.compile(r"(?<![^\W_])" + re.escape(folded) + r"(?![^\W_])")


def _score(text: str, patterns: Sequence[tuple[str, re.Pattern[str]]], mean: float) -> float:
    score = 0.0
    for word, whole in patterns:
        often = text.count(word)
        score += often * (_K + 1) / (often + _K * (1 - _B + _B * len(text) / mean))
        score += _WHOLE * bool(whole.search(text))
    return score
