"""Reads a stretch of the log from its beginning to its end, a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import Connection

from bot.audit.pruned import PrunedRows
from bot.audit.reading import AUDIT, Row, fetch, read_event, select_rows
from bot.audit.tree import leaf_hash
from bot.model import Event
from bot.storage.database import Database

PART: Final = 2_000
"""Events that are in memory at a time."""

Take: TypeAlias = Callable[[Connection, Event], None]


@dataclass(frozen=True)
class Stretch:
    """Events from `first` to `last`, both in it; `damaged` are those missing or not as recorded.

    `pruned` of them were, and could not be read.
    """

    first: int
    last: int
    damaged: tuple[int, ...] = ()
    pruned: int = 0

    @property
    def count(self) -> int:
        """Return how many events it has."""
        return max(self.last - self.first + 1, 0)


async def read_stretch(
    database: Database, stretch: Stretch, wanted: Collection[bytes], take: Take
) -> Stretch:
    """Hand every event with a wanted mark in its bytes to `take`, in order; all are hashed.

    `take` runs in a reading thread, on the snapshot that the event was read in.
    """
    damaged: list[int] = []
    gone: list[int] = []
    begin = stretch.first
    while begin <= stretch.last:
        end = min(begin + PART, stretch.last + 1)

        def part(connection: Connection, begin: int = begin, end: int = end) -> None:
            rows = _rows(connection, begin, end)
            damaged.extend(sorted({*range(begin, end)} - {row[0] for row in rows}))
            pruned = PrunedRows(connection)
            for row in rows:
                if pruned.has(row):
                    gone.append(row[0])
                    continue
                event = _event(row, wanted, damaged)
                if event is not None:
                    take(connection, event)

        await database.read(part)
        begin = end
    return Stretch(stretch.first, stretch.last, tuple(damaged), len(gone))


def _rows(connection: Connection, begin: int, end: int) -> list[Row]:
    inside = AUDIT.c.seq >= begin, AUDIT.c.seq < end
    return fetch(connection, select_rows(connection).where(*inside).order_by(AUDIT.c.seq))


def marks(name: str, values: Iterable[str]) -> list[bytes]:
    """Return what stands in the bytes of every event that has one of the values in a field.

    It may stand elsewhere too, so it only says which events need not be read.
    """
    return [b'"%s":"%s"' % (name.encode(), value.encode()) for value in values]


def _event(row: Row, wanted: Collection[bytes], damaged: list[int]) -> Event | None:
    seq, body, leaf = row
    if not any(mark in body for mark in wanted) and leaf_hash(body) == leaf:
        return None
    event = read_event(row)
    if event is None:
        damaged.append(seq)
    return event
