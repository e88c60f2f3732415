"""The runs of letters that a shard's events have, and which of them a word is a part of."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

MOST: Final = 128
"""Runs that a word may be part of; one that is part of more stands in very many events."""

_LINE: Final = b"\n"


class Words:
    """Runs of letters; it only grows, and costs a few bytes a run."""

    def __init__(self) -> None:
        self._lines = bytearray(_LINE)
        self._starts = array("I")

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, runs: Iterable[str]) -> None:
        """Add runs that are new."""
        for run in runs:
            self._starts.append(len(self._lines))
            self._lines += run.encode() + _LINE

    def having(self, part: str, *, begins: bool, ends: bool) -> list[str] | None:
        """Return the runs that have a part, those that begin or end with it; None if too many."""
        needle = (_LINE if begins else b"") + part.encode() + (_LINE if ends else b"")
        found = list(self._having(needle, begins=begins))
        return None if len(found) > MOST else found

    def _having(self, needle: bytes, *, begins: bool) -> Iterator[str]:
        at = self._lines.find(needle)
        for _ in range(MOST + 1):
            if at < 0:
                return
            start = self._starts[bisect_right(self._starts, at + begins) - 1]
            end = self._lines.index(_LINE, start)
            yield self._lines[start:end].decode()
            at = self._lines.find(needle, end)
