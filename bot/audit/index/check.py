"""Compares a shard with the log: it is made a second time, and must hold the same, token by token.

What an index does not have is found by nobody. So one shard, taken by chance, is compared each
night; one that differs is thrown away, and made again from the log.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.audit.index import shard
from bot.audit.index.builder import BATCH, read_leaves
from bot.audit.index.folder import Index
from bot.audit.index.shard import Claim, Unusable
from bot.storage.database import Database

_REST: Final = 4  # times as long as it works: others wait for answers meanwhile
# Two sums, so that no event is taken for another; a shard's numbers are a million at most.
_TERMS: Final = """SELECT term, count(*), sum(doc), sum((doc & 1048575) * (doc % 9973))
                   FROM temp.place GROUP BY term ORDER BY term"""
_PLACES: Final = "CREATE VIRTUAL TABLE temp.place USING fts5vocab('main', 'token', 'instance')"

Term = tuple[str, int, int, int]


class Stopped(Exception):
    """The process ends, or the shard was made again meanwhile: nothing is known of it."""


@dataclass(frozen=True)
class Checked:
    """What came of it: the events that were compared, and how many tokens differ."""

    number: int
    first: int
    last: int
    differing: int

    @property
    def said(self) -> str:
        """Return it as a sentence."""
        what = f"shard {self.number} of the search index (events {self.first} to {self.last})"
        if not self.differing:
            return f"{what} holds what the log says"
        return f"{what} differed from the log in {self.differing} tokens; it is made again"


def check(
    database: Database, index: Index, number: int, *, is_stopped: Callable[[], bool]
) -> Checked | None:
    """Compare one shard with the log, and throw it away where it differs.

    None where there is no such shard, or nothing in it. Stopped, sqlite3.Error, OSError.
    """
    path = index.paths().get(number)
    if path is None:
        return None
    try:
        with contextlib.closing(shard.open_for_writing(path)) as kept:
            kept.execute("BEGIN")
            claim = shard.read_claim(kept)
            if claim.high < claim.first:
                return None
            differing = _differing(database, index, kept, claim, is_stopped)
    except (Unusable, sqlite3.DatabaseError) as error:
        if not shard.is_corrupt(error):
            raise
        differing, claim = 1, Claim(*index.range_of(number), index.range_of(number)[0])
    if index.paths().get(number) != path:
        raise Stopped  # what was taken out of the log since was compared with what it was
    if differing:
        index.drop(path)
    return Checked(number, claim.first, claim.high, differing)


def _differing(
    database: Database,
    index: Index,
    kept: sqlite3.Connection,
    claim: Claim,
    is_stopped: Callable[[], bool],
) -> int:
    with tempfile.TemporaryDirectory(prefix="check-", dir=index.folder) as folder:
        again = Path(folder) / "shard.sqlite"
        shard.create(again, claim.first, claim.last)
        with contextlib.closing(shard.open_for_writing(again)) as made:
            _make(database, made, claim, is_stopped)
            return sum(1 for _ in _differences(_terms(kept), _terms(made), is_stopped))


def _make(
    database: Database,
    made: sqlite3.Connection,
    claim: Claim,
    is_stopped: Callable[[], bool],
) -> None:
    grown = shard.read_claim(made)
    while grown.high < claim.high:
        started = time.monotonic()
        numbers = range(grown.high + 1, min(grown.high + BATCH, claim.high) + 1)
        grown = shard.add(made, grown, read_leaves(database, numbers))
        if is_stopped():
            raise Stopped
        time.sleep(_REST * (time.monotonic() - started))


def _terms(connection: sqlite3.Connection) -> Iterator[Term]:
    connection.execute(_PLACES)
    return iter(connection.execute(_TERMS))


def _differences(
    kept: Iterator[Term], made: Iterator[Term], is_stopped: Callable[[], bool]
) -> Iterator[str]:
    """Return the tokens that are not in the same events on both sides; both are in order."""
    one, other = next(kept, None), next(made, None)
    for turn in itertools.count():
        if turn % 1_000 == 0 and is_stopped():
            raise Stopped
        if one is None and other is None:
            return
        if one == other:
            one, other = next(kept, None), next(made, None)
        elif other is None or (one is not None and one[0] < other[0]):
            yield one[0] if one else ""
            one = next(kept, None)
        else:
            yield other[0]
            if one is not None and one[0] == other[0]:
                one = next(kept, None)
            other = next(made, None)
