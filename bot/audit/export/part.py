"""Reads the part of the log that is to be exported, a chunk at a time, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import DBAPIError

from bot.audit import record
from bot.audit.matching import matches
from bot.audit.reading import AUDIT, INDEXED, Row, fetch, read_event, select_rows
from bot.model import AuditQuery, Event, Json

CHUNK: Final = 2_000
"""Events that are held at once."""

_WINDOW: Final = 50_000  # numbers that one statement looks at, so that none takes long
_UNKNOWN_TIME: Final = record.moment(0)


@dataclass(frozen=True)
class Part:
    """Which events to export: from one number to another, and those that match a query.

    `last` is None for the end of the log. `asked` is the query as typed, masked, for the record.
    """

    first: int = 1
    last: int | None = None
    query: AuditQuery | None = None
    asked: str = ""

    @property
    def is_whole(self) -> bool:
        """Say whether this is the whole log."""
        return self.first == 1 and self.last is None and self.query is None

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


def part_rows(connection: Connection, part: Part, size: int) -> Iterator[Row]:
    """Return the rows of a part of a log of `size` events, in order.

    A damaged event matches every query: nobody can say that it would not have.
    """
    last = size if part.last is None else min(part.last, size)
    for row in _rows(connection, part, max(part.first, 1), last):
        if part.query is None:
            yield row
            continue
        event = read_event(row)
        if event is None or matches(event.data, part.query):
            yield row


def _rows(connection: Connection, part: Part, first: int, last: int) -> Iterator[Row]:
    conditions = _conditions(part.query) if part.query else []
    lower = first
    while lower <= last:
        upper = min(last, lower + _WINDOW - 1)
        chunk = _chunk(connection, conditions, lower, upper)
        yield from chunk
        lower = upper + 1 if len(chunk) < CHUNK else chunk[-1][0] + 1


def _chunk(
    connection: Connection, conditions: list[ColumnElement[bool]], lower: int, upper: int
) -> list[Row]:
    query = (
        select_rows(connection)
        .where(AUDIT.c.seq >= lower, AUDIT.c.seq <= upper)
        .order_by(AUDIT.c.seq)
        .limit(CHUNK)
    )
    if not conditions:
        return fetch(connection, query)
    try:
        with connection.begin_nested():
            return fetch(connection, query.where(*conditions))
    except DBAPIError:
        # A body that is no JSON any more fails every column that is drawn from it.
        return fetch(connection, query)


def _conditions(query: AuditQuery) -> list[ColumnElement[bool]]:
    """Return what the database has an index for; every match fulfils it."""
    wanted = {name: getattr(query, name) for name in INDEXED}
    return [AUDIT.c[name] == record.storable(value) for name, value in wanted.items() if value]


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
    return Event(seq, _UNKNOWN_TIME, body, leaf, said)
