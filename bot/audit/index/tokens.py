"""What the index keeps of an event, so that whatever matches a query can be found again.

A word may stand anywhere in a text, in the middle of another one too. Of letters the index keeps
whole runs: the shard's list of them says which runs a word is part of. Of digits, which make too
many different runs for a list, it keeps every three characters around one, and every five digits
in a row: numbers that count up differ in the last of many. Whoever asks gets all that matches,
and some that does not.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.audit.matching import PATHS, SEPARATOR, at, fold, texts_of
from bot.model import Json

SHORTEST: Final = 3
"""Letters of a run, at least: shorter ones are in nearly every event."""

LONGEST: Final = 40
"""Letters of a run, at most: an event with a longer one is a candidate for every word."""

FACETS: Final = {
    "person": "p",
    "service": "s",
    "environment": "e",
    "verb": "v",
    "reason": "r",
    "kind": "k",
}
"""The filters that are a token; those that name one thing have an index in the log itself."""

DAMAGED: Final = "~~damaged"
"""Marks an event that could not be read: it is named by every search that may concern it."""

LONG: Final = "~~long"
"""Marks an event with runs that the shard has no list of."""

# A letter is whatever is not ASCII, too: the texts are folded already.
RUN: Final = re.compile(r"[a-z\x80-\U0010ffff]+")
_RUNS: Final = re.compile(r"[a-z\x80-\U0010ffff]{3,}")
# Digits and two characters on both sides; between two digits up to four, so that none is left out.
_AROUND_DIGITS: Final = re.compile(
    r"[^0-9\x00]{0,2}[0-9]+(?:[^0-9\x00]{1,4}[0-9]+)*[^0-9\x00]{0,2}"
)
_THREE: Final = 3
_FIVE: Final = 5
_NUMBER: Final = re.compile(r"[0-9]{5,}")
TOKENIZER: Final = "ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
"""A token ends with a space, and nowhere else."""

# What would end a token, or the quotes around it. From ASCII to ASCII this takes no time.
_KEPT_OUT: Final = dict.fromkeys([*range(0x21), ord('"'), ord("'"), 0x7F], "~")
_LONGEST_VALUE: Final = 64
_USUAL: Final = 32  # characters of a text that others have too: a name, a role, a verb; no id


@dataclass(frozen=True)
class Tokens:
    """What is kept of one event: its runs of letters, and its other tokens, a space between."""

    runs: frozenset[str]
    others: str
    is_long: bool


def tokens_of(fields: Mapping[str, Json]) -> Tokens:
    """Return what the index keeps of an event."""
    rest: list[str] = []
    found: list[Tokens] = []
    for text in texts_of(fields):
        # No token reaches from one text into another, and most texts are those of other events.
        if len(text) <= _USUAL:
            found.append(_of_usual(text))
        else:
            rest.append(text)
    found.append(_of_text(SEPARATOR.join(rest)))
    return Tokens(
        frozenset().union(*(each.runs for each in found)),
        " ".join([*(each.others for each in found if each.others), *_facets(fields)]),
        any(each.is_long for each in found),
    )


def _of_text(text: str) -> Tokens:
    folded = fold(text)
    found = frozenset(_RUNS.findall(folded))
    is_long = any(len(run) > LONGEST for run in found)
    runs = frozenset(run for run in found if len(run) <= LONGEST) if is_long else found
    return Tokens(runs, " ".join(threes(folded) | fives(folded)), is_long)


_of_usual = functools.lru_cache(maxsize=16_384)(_of_text)


def _facets(fields: Mapping[str, Json]) -> Iterator[str]:
    for name, letter in FACETS.items():
        value = at(fields, PATHS[name])
        if value and isinstance(value, str):
            yield facet(letter, value)


@functools.lru_cache(maxsize=4_096)
def facet(letter: str, value: str) -> str:
    """Return the token of a filter's value; case is not kept."""
    if len(value) > _LONGEST_VALUE:
        value = hashlib.sha256(value.encode()).hexdigest()[:32]
    return f"~~{letter}{value.translate(_KEPT_OUT)}"


def threes(text: str) -> set[str]:
    """Return every three characters of a folded text that hold a digit, and a few more."""
    found: set[str] = set()
    for part in _AROUND_DIGITS.findall(text):
        kept = part.translate(_KEPT_OUT)
        found.update(map("".join, zip(kept, kept[1:], kept[2:], strict=False)))
    return found


def fives(text: str) -> set[str]:
    """Return every five digits in a row."""
    return {
        number[at : at + _FIVE]
        for number in _NUMBER.findall(text)
        for at in range(len(number) - _FIVE + 1)
    }
