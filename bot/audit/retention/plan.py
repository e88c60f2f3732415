"""Which events are to be pruned now: old enough for their kind, and held by nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from bot.audit import record
from bot.audit.pruned import Pruned
from bot.audit.reading import AUDIT, Row, fetch, read_event, read_size, select_rows
from bot.audit.retention.holds import ADD, LIFT, Hold, InForce, read_in_force
from bot.audit.search import first_at
from bot.audit.verify import Run, counted, without
from bot.errors import Conflict
from bot.model import Json
from bot.retention_settings import Retention

MOST: Final = 1 << 16
"""Events that are pruned at once: what fits into one archive."""

_LONGEST: Final = 30_000  # characters of the numbers of the events: a record's text has an end
_CHUNK: Final = 2_000


@dataclass(frozen=True)
class Plan:
    """Events to prune, those that would be but for a hold, and what it was made from.

    `is_all` says whether nothing else is due.
    """

    runs: Sequence[Run]
    held: int
    pruned: Pruned
    holds: Sequence[Hold] = ()
    is_all: bool = True

    @property
    def count(self) -> int:
        """Return how many events it is."""
        return counted(self.runs)

    @property
    def through(self) -> int:
        """Return the last event that will have been pruned then."""
        last = self.runs[-1][1] if self.runs else 0
        return max(last, self.pruned.minimum)


def make_plan(
    connection: Connection,
    retention: Retention,
    now: datetime,
    *,
    before: datetime | None = None,
    most: int = MOST,
) -> Plan:
    """Return what is to be pruned now, `before` a moment or at all; the oldest `most` events.

    Conflict where one of them is damaged, or the holds are not what the log says of them.
    """
    pruned = Pruned.read(connection)
    limits = [period.before(now) for period in retention.periods]
    if not limits:
        return Plan((), 0, pruned)
    newest = max(limits) if before is None else min(max(limits), before)
    last = first_at(connection, newest, read_size(connection) + 1) - 1
    due = _Due(retention, now, newest, read_in_force(connection))
    runs: list[Run] = []
    for row in _rows(connection, without([(1, last)], pruned.runs) if last else ()):
        if not due.has(row):
            continue
        seq = row[0]
        if runs and runs[-1][1] == seq - 1:
            runs[-1] = runs[-1][0], seq
        else:
            runs.append((seq, seq))
        due.count += 1
        if due.count == most or len(runs) * 16 >= _LONGEST:
            return Plan(runs, due.held, pruned, due.holds.known, is_all=False)
    return Plan(runs, due.held, pruned, due.holds.known)


@dataclass
class _Due:
    retention: Retention
    now: datetime
    newest: datetime
    holds: InForce
    held: int = 0
    count: int = 0

    def has(self, row: Row) -> bool:
        event = read_event(row)
        if event is None:
            raise Conflict(f"Event {row[0]} is damaged, so nothing is pruned. Run `audit verify`.")
        if not self._is_old(event.data):
            return False
        if self.holds.cover(event.data):
            self.held += 1
            return False
        return True

    def _is_old(self, fields: Mapping[str, Json]) -> bool:
        if fields.get("verb") in (ADD, LIFT):
            return False  # the rows of the holds are compared with them
        period, ts = self.retention.of(str(fields.get("kind"))), fields.get("ts")
        if period is None or not isinstance(ts, int):
            return False
        return ts < record.microseconds(min(period.before(self.now), self.newest))


def _rows(connection: Connection, runs: Sequence[Run]) -> Iterator[Row]:
    for first, last in runs:
        rows = select_rows(connection).where(AUDIT.c.seq <= last).order_by(AUDIT.c.seq)
        chunk = fetch(connection, rows.where(AUDIT.c.seq >= first).limit(_CHUNK))
        while chunk:
            yield from chunk
            chunk = fetch(connection, rows.where(AUDIT.c.seq > chunk[-1][0]).limit(_CHUNK))
