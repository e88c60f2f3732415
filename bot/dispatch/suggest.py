"""Did-you-mean: at most three candidates at edit distance two; offered, never executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 3
FARTHEST = 2


def near(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known words nearest to `word`, nearest first."""
    word = word.lower()
    scored = sorted((distance(word, name.lower()), name) for name in known)
    return tuple(name for far, name in scored if far <= FARTHEST)[:MOST]


def question(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean `a` or `b`?", or "" when nothing is near."""
    found = near(word, known)
    if not found:
        return ""
    return f" Did you mean {' or '.join(f'`{name}`' for name in found)}?"


def distance(one: str, other: str) -> int:
    """Return the optimal string alignment distance: edits, with a swap of neighbours as one."""
    if abs(len(one) - len(other)) > FARTHEST:
        return FARTHEST + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
