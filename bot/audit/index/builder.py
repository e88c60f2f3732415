"""Makes the shards from the log, a batch at a time, the newest first.

Every leaf hash goes into a tree of the shard's own, so that a shard can be told from one of
another log: its root must be the log's over the same range.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from bot.audit.index import shard
from bot.audit.index.fit import is_of_log
from bot.audit.index.folder import Index
from bot.audit.index.shard import Claim, Leaf, Unusable
from bot.audit.index.tokens import Tokens, tokens_of
from bot.audit.pruned import PrunedRows
from bot.audit.reading import AUDIT, Row, fetch, read_event, read_size, select_rows
from bot.audit.tree import HASH_SIZE
from bot.storage.database import Database

BATCH: Final = 500
TAIL: Final = 256
"""Events that are not worth a batch: they are read by every search instead, in a millisecond."""


@dataclass
class _Growing:
    """The shard that is being added to."""

    path: Path
    connection: sqlite3.Connection
    claim: Claim


class Builder:
    """Tails one log into one index; one thread of one process at a time."""

    def __init__(
        self, database: Database, index: Index, *, batch: int = BATCH, tail: int = TAIL
    ) -> None:
        self._database = database
        self._index = index
        self._batch = batch
        self._tail = tail
        self._growing: _Growing | None = None
        self._full: dict[int, Path] = {}
        self._looked: set[Path] = set()

    def step(self) -> bool:
        """Do one piece of what is to be done; False when there is nothing.

        sqlite3.Error or OSError where a shard cannot be written, an error of the database where
        the log cannot be read; the next step begins anew.
        """
        size = self._database.read_now(read_size)
        paths = self._index.paths()
        for number in range(self._index.number_of(size), -1, -1) if size else ():
            first, last = self._index.range_of(number)
            path = paths.get(number)
            if path is not None and self._full.get(number) == path:
                continue
            claim = self._looked_at(path) if path else None
            high = claim.high if claim else first - 1
            pending = min(size, last) - high
            is_to_be_sealed = claim is not None and claim.is_full and not claim.is_sealed
            if pending >= (self._tail if size < last else 1) or is_to_be_sealed:
                self._work(number, path if claim else None, size)
                return True
        return False

    def close(self) -> None:
        """Close the shard that is being added to."""
        growing, self._growing = self._growing, None
        if growing is not None:
            growing.connection.close()

    def _looked_at(self, path: Path) -> Claim | None:
        """Return what a shard says of itself; None where it is not of this log, and thrown away."""
        growing = self._growing
        if growing is not None and growing.path == path:
            return growing.claim
        try:
            with self._index.reading(path) as reading:
                claim = reading.claim
            is_usable = path in self._looked or self._fits(path, claim)
        except Unusable:
            is_usable = False
        if not is_usable:
            self._index.drop(path)
            return None
        self._looked.add(path)
        if claim.is_full and claim.is_sealed:
            self._full[self._index.number_of(claim.last)] = path
        return claim

    def _fits(self, path: Path, claim: Claim) -> bool:
        number = int(path.name[:6])
        if (claim.first, claim.last) != self._index.range_of(number):
            return False
        return self._database.read_now(lambda log: is_of_log(log, claim))

    def _work(self, number: int, path: Path | None, size: int) -> None:
        growing = self._grow(number, path)
        if growing.claim.is_full:
            growing.claim = shard.seal(growing.connection, growing.claim)
            self.close()
            return
        lower = growing.claim.high + 1
        numbers = range(lower, min(lower + self._batch - 1, growing.claim.last, size) + 1)
        leaves = read_leaves(self._database, numbers)
        try:
            growing.claim = shard.add(growing.connection, growing.claim, leaves)
        except sqlite3.Error:
            self.close()
            raise

    def _grow(self, number: int, path: Path | None) -> _Growing:
        growing = self._growing
        if growing is not None and growing.path == path:
            return growing
        self.close()
        if path is None:
            path, connection = self._index.make(number)
        else:
            connection = shard.open_for_writing(path)
        self._growing = _Growing(path, connection, shard.read_claim(connection))
        self._looked.add(path)
        return self._growing


def read_leaves(database: Database, numbers: range) -> Iterator[Leaf]:
    """Return what a shard is to keep of a range of events, in their order; they are read at once.

    Raises what the database raises.
    """
    return _leaves(numbers, database.read_now(lambda log: _rows(log, numbers)))


def _rows(log: Connection, numbers: range) -> list[Row]:
    part = select_rows(log).where(AUDIT.c.seq >= numbers[0], AUDIT.c.seq <= numbers[-1])
    pruned = PrunedRows(log)
    return [(row[0], b"", row[2]) if pruned.has(row) else row for row in fetch(log, part)]


def _leaves(numbers: range, rows: list[Row]) -> Iterator[Leaf]:
    """Return the events of a range: nothing is known of one that is not there, or has no body."""
    stored = {row[0]: row for row in rows}
    nothing = Tokens(frozenset(), "", is_long=False)
    for seq in numbers:
        row = stored.get(seq)
        if row is None or not row[1]:
            yield Leaf(seq, bytes(row[2]) if row else bytes(HASH_SIZE), nothing)
            continue
        event = read_event(row)
        yield Leaf(seq, bytes(row[2]), tokens_of(event.data) if event else None)
