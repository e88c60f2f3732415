"""Reads the part of the log that is to be exported, a chunk at a time, in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import Connection

from bot.audit import record
from bot.audit.matching import matches, wanted_values
from bot.audit.pruned import PrunedRows
from bot.audit.reading import AUDIT, Row, fetch, read_event, select_rows
from bot.audit.tree import leaf_hash
from bot.audit.verify import Run
from bot.model import AuditQuery, Event, Json

CHUNK: Final = 2_000
"""Events that are held at once."""
UNKNOWN_TIME: Final = record.moment(0)
"""Of an event that is damaged."""


@dataclass(frozen=True)
class Part:
    """Which events to export: from one number to another, and those that match a query.

    `last` is None for the end of the log. `asked` is the query as typed, masked, for the record.
    `runs` are the only events that are meant, where there are any, from the first to the last.
    """

    first: int = 1
    last: int | None = None
    query: AuditQuery | None = None
    asked: str = ""
    runs: tuple[Run, ...] = ()

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Self:
        """Return the part that is some runs of events, in order."""
        return cls(runs[0][0], runs[-1][1], runs=tuple(runs))

    @property
    def is_whole(self) -> bool:
        """Say whether this is the whole log."""
        return self.first == 1 and self.last is None and self.query is None and not self.runs

    @property
    def described(self) -> Mapping[str, str]:
        """Return what was asked for, for the record; empty for the whole log."""
        asked = {
            "from": str(self.first) if self.first != 1 else "",
            "to": "" if self.last is None else str(self.last),
            "query": self.asked,
        }
        return {name: value for name, value in asked.items() if value}


WHOLE: Final = Part()


def part_rows(
    connection: Connection, part: Part, size: int, *, bare: bool = False
) -> Iterator[Row]:
    """Return the rows of a part of a log of `size` events, in order.

    Every row of the range is read and hashed, for the database's own columns can be led astray: a
    damaged event matches every query, because nobody can say that it would not have. Pruned events
    are left out, for there is nothing to show: `bare` hands those of a whole log on, as hashes.
    """
    last = size if part.last is None else min(part.last, size)
    rows = _rows(connection, max(part.first, 1), last)
    if part.is_whole and bare:
        return rows
    if part.runs:
        rows = _inside(rows, part.runs)
    pruned = PrunedRows(connection)
    rows = (row for row in rows if not pruned.has(row))
    return rows if part.query is None else _found(rows, part.query)


def _inside(rows: Iterator[Row], runs: Sequence[Run]) -> Iterator[Row]:
    later = iter(runs)
    first, last = next(later)
    for row in rows:
        while row[0] > last:
            first, last = next(later)
        if row[0] >= first:
            yield row


def _rows(connection: Connection, first: int, last: int) -> Iterator[Row]:
    query = select_rows(connection).where(AUDIT.c.seq <= last).order_by(AUDIT.c.seq).limit(CHUNK)
    chunk = fetch(connection, query.where(AUDIT.c.seq >= first))
    while chunk:
        yield from chunk
        chunk = fetch(connection, query.where(AUDIT.c.seq > chunk[-1][0]))


def _found(rows: Iterator[Row], query: AuditQuery) -> Iterator[Row]:
    # Quicker than reading an event: its bytes are canonical, so each filter has but one form.
    fragments = [
        f'"{path[-1]}":{json.dumps(value)}'.encode() for path, value in wanted_values(query)
    ]
    for row in rows:
        _, body, leaf = row
        if leaf_hash(body) != leaf:
            yield row
        elif all(fragment in body for fragment in fragments):
            event = read_event(row)
            if event is None or matches(event.data, query):
                yield row


def event_of(row: Row) -> Event:
    """Return a row's event, or one that says of it that it is damaged."""
    event = read_event(row)
    if event is not None:
        return event
    seq, body, leaf = row
    said: dict[str, Json] = {
        "seq": seq,
        "ts": 0,
        "id": f"damaged-{seq}",
        "kind": "system",
        "verb": "damaged",
        "reason": "failed",
        "error": "the stored bytes are not those that were recorded",
    }
    return Event(seq, UNKNOWN_TIME, body, leaf, said)
