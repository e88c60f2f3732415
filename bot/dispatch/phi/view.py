"""A text to look at, and the way back from a place in it to the text as it was given."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[a-z0-9]+")
_WORD_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


@dataclass(frozen=True, slots=True)
class Edit:
    """`size` characters at `at` that stand for `source_size` characters at `source`."""

    at: int
    size: int
    source: int
    source_size: int


class Stems:
    """Fixed words to look for, grouped by the two characters they begin with.

    Plain searches for the few words whose beginning occurs are many times faster than one
    expression with all of them, and cost the same whatever the text holds.
    """

    def __init__(self, *words: str) -> None:
        self.by_head: dict[str, list[str]] = {}
        for word in words:
            head = _WORD.findall(word)[0][:2]
            self.by_head.setdefault(head, []).append(word)


@dataclass(frozen=True)
class View:
    """One reading of a text: as given, folded, unescaped or unpacked.

    Between edits a view and its parent agree character by character. The edits are worked out
    only when a hit needs its place, so a clean text never pays for them.
    """

    text: str
    parent: View | None = None
    find_edits: Callable[[], Sequence[Edit]] | None = None

    @cached_property
    def low(self) -> str:
        """The text in lower case; folding took away the one letter (U+0130) that would grow."""
        return self.text.lower()

    @cached_property
    def has_digit(self) -> bool:
        """Whether a digit stands anywhere: most commands without one can hold no identifier."""
        return _DIGIT.search(self.text) is not None

    def mentions(self, words: Iterable[str]) -> bool:
        """Tell whether one of `words` stands anywhere in the lower-case text."""
        low = self.low
        for word in words:  # noqa: SIM110 (a generator inside any() costs more than the search)
            if word in low:
                return True
        return False

    def word_starts(self, stems: Stems) -> list[int]:
        """Return where one of `stems` begins a word, in order."""
        heads = self._heads
        if heads.isdisjoint(stems.by_head):
            return []
        low = self.low
        starts = []
        for head in heads & stems.by_head.keys():
            for stem in stems.by_head[head]:
                place = low.find(stem)
                while place >= 0:
                    if place == 0 or low[place - 1] not in _WORD_CHARACTERS:
                        starts.append(place)
                    place = low.find(stem, place + 1)
        starts.sort()
        return starts

    @cached_property
    def _heads(self) -> set[str]:
        return {word[:2] for word in _WORD.findall(self.low)}

    @cached_property
    def _edits(self) -> Sequence[Edit]:
        return self.find_edits() if self.find_edits else ()

    @cached_property
    def _places(self) -> Sequence[int]:
        return [edit.at for edit in self._edits]

    def span_as_given(self, start: int, end: int) -> tuple[int, int]:
        """Map a non-empty span of this view to the text as it was given."""
        if self.parent is None:
            return start, end
        return self.parent.span_as_given(self._start(start), self._end(end))

    def _start(self, place: int) -> int:
        index = bisect_right(self._places, place) - 1
        if index < 0:
            return place
        edit = self._edits[index]
        if place < edit.at + edit.size:
            return edit.source
        return edit.source + edit.source_size + place - edit.at - edit.size

    def _end(self, place: int) -> int:
        last = place - 1
        index = bisect_right(self._places, last) - 1
        if index >= 0:
            edit = self._edits[index]
            if last < edit.at + edit.size:
                return edit.source + edit.source_size
        return self._start(last) + 1
