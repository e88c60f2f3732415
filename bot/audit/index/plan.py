"""From a query to what FTS5 is asked: tokens in quotes, joined by AND and OR, and nothing else.

What was typed never gets there as it was: a token has letters and digits only. Whatever matches
the query is found by the expression; not all that it finds matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.audit.index.tokens import (
    DAMAGED,
    FACETS,
    LONG,
    LONGEST,
    RUN,
    SHORTEST,
    facet,
    fives,
    threes,
)
from bot.audit.index.words import Words
from bot.audit.matching import fold
from bot.model import AuditQuery

_CONDITIONS: Final = 12  # more of them narrow nothing down
_WEAK: Final = frozenset({"environment", "kind"})  # half the log has one: long to walk through
_ENOUGH: Final = 2  # other conditions, with which a weak one narrows little down


@dataclass(frozen=True)
class Part:
    """A run of letters that every match has, alone or within a longer run."""

    letters: str
    begins: bool
    ends: bool


@dataclass(frozen=True)
class Wanted:
    """What every match has in the index: tokens as they are, and parts of runs."""

    tokens: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Odd:
    """Whether a shard has events that are damaged, and such with runs that are not in its list."""

    has_damaged: bool
    has_long: bool


def wanted(query: AuditQuery) -> Wanted:
    """Return what an index is to be asked for a query."""
    facets = {
        name: facet(letter, value)
        for name, letter in FACETS.items()
        if (value := getattr(query, name))
    }
    tokens, parts = set[str](), set[Part]()
    for word in (*query.words, *query.prefixes):
        folded = fold(word)
        # Where five digits say it, three, or the letters beside, would only be more to compare.
        if found := fives(folded):
            tokens |= found
            continue
        tokens |= threes(folded)
        for run in RUN.finditer(folded):
            if SHORTEST <= len(run[0]) <= LONGEST:
                parts.add(Part(run[0], run.start() > 0, run.end() < len(folded)))
    if len(tokens) + len(parts) + len(facets.keys() - _WEAK) >= _ENOUGH:
        facets = {name: token for name, token in facets.items() if name not in _WEAK}
    tokens |= set(facets.values())
    return Wanted(tuple(sorted(tokens)), tuple(sorted(parts, key=_rarest_first)))


def _rarest_first(part: Part) -> tuple[int, str, bool, bool]:
    return -len(part.letters), part.letters, part.begins, part.ends


def expression(asked: Wanted, words: Words, odd: Odd) -> str:
    """Return what to ask one shard's index; "" where that would not help, and reading does."""
    unlisted = [LONG] if odd.has_long else []
    conditions = [_quoted(token) for token in asked.tokens[:_CONDITIONS]]
    for part in asked.parts[:_CONDITIONS]:
        runs = words.having(part.letters, begins=part.begins, ends=part.ends)
        if runs is not None:
            # Where no run has it, none of the events has: nothing has the mark of damage either.
            conditions.append(_either([*runs, *unlisted] or [DAMAGED]))
    if not conditions:
        return ""
    whole = " AND ".join(conditions)
    return f"({whole}) OR {_quoted(DAMAGED)}" if odd.has_damaged else whole


def _either(tokens: list[str]) -> str:
    return "(" + " OR ".join(map(_quoted, tokens)) + ")"


def _quoted(token: str) -> str:
    return '"' + token + '"'
