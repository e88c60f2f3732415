"""The runs of letters that a shard's events have, and which of them a word is a part of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

MOST: Final = 128
"""Runs that a word may be part of; one that is part of more stands in very many events."""

_LINE: Final = b"\n"


class Words:
    """Runs of letters, a line each, read up to the row `last`; it only grows.

    May be asked in one thread while another adds to it: lines are added whole.
    """

    def __init__(self) -> None:
        self._lines = bytearray(_LINE)
        self.last = 0

    def add(self, lines: str, last: int) -> None:
        """Add the runs that are new, a line each, up to the row `last`."""
        self._lines += lines.encode() + _LINE
        self.last = last

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
            start = self._lines.rfind(_LINE, 0, at + begins) + 1
            end = self._lines.index(_LINE, start)
            yield self._lines[start:end].decode()
            at = self._lines.find(needle, end)
