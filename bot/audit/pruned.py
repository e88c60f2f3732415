"""What of the log was pruned: its own events of the kind `prune` say so, and nothing else does.

A pruned row keeps its number and its leaf hash, and has `{}` in the place of its bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from sqlalchemy import Connection, select, text

from bot.audit import record
from bot.audit.reading import AUDIT, Row, fetch, read_event, read_size, select_rows
from bot.audit.tree import HASH_SIZE
from bot.audit.verify import GONE, Pruning, Run, counted, joined
from bot.moments import written

_IS_PRUNING: Final = "kind = 'prune'"


@dataclass(frozen=True)
class Pruned:
    """Every pruning of a log, oldest first; `runs` are the events that they name together."""

    prunings: Sequence[Pruning] = ()
    runs: Sequence[Run] = field(default=())

    @classmethod
    def read(cls, connection: Connection) -> Self:
        """Read what the log says; a damaged event of it says nothing."""
        rows = select_rows(connection).where(text(_IS_PRUNING)).order_by(AUDIT.c.seq)
        size = read_size(connection)
        prunings = [each for row in fetch(connection, rows) if (each := _pruning(row, size))]
        return cls(prunings, joined(run for each in prunings for run in each.runs))

    @property
    def minimum(self) -> int:
        """Return the last event that was pruned: every one after it has its content."""
        return self.runs[-1][1] if self.runs else 0

    @property
    def count(self) -> int:
        """Return how many events were pruned."""
        return counted(self.runs)

    def has(self, row: Row) -> bool:
        """Say whether a row is a pruned one: what only looks so is damaged."""
        seq, body, leaf = row
        if body != GONE or len(leaf) != HASH_SIZE:
            return False
        at = bisect_right(self.runs, (seq, seq), key=lambda run: (run[0], run[0])) - 1
        return at >= 0 and self.runs[at][0] <= seq <= self.runs[at][1]

    def pruning_of(self, seq: int) -> Pruning | None:
        """Return which pruning took an event's content."""
        for each in self.prunings:
            if any(first <= seq <= last for first, last in each.runs):
                return each
        return None


@dataclass
class PrunedRows:
    """Tells pruned rows from damaged ones; reads what the log says only once there is one."""

    connection: Connection
    _known: Pruned | None = None

    def has(self, row: Row) -> bool:
        """Say whether a row is a pruned one."""
        if row[1] != GONE:
            return False
        if self._known is None:
            self._known = Pruned.read(self.connection)
        return self._known.has(row)


def read_minimum(connection: Connection) -> int:
    """Return the last event that may have been pruned, 0 where none was: one quick look."""
    newest = (
        select_rows(connection)
        .where(text(_IS_PRUNING), AUDIT.c.seq <= read_size(connection))
        .order_by(AUDIT.c.seq.desc())
        .limit(1)
    )
    for row in fetch(connection, newest):
        event = read_event(row)
        params = event.data.get("params") if event else None
        through = params.get("through") if isinstance(params, dict) else None
        if isinstance(through, str) and through.isdecimal():
            return min(int(through), row[0] - 1)
    return 0


def first_full(connection: Connection, after: int) -> int | None:
    """Return the first event after a number that has its content; None where there is none."""
    rows = select(AUDIT.c.seq).where(AUDIT.c.seq > after, AUDIT.c.body != GONE.decode())
    return connection.execute(rows.order_by(AUDIT.c.seq).limit(1)).scalar()


def said_of(pruning: Pruning, seq: int) -> str:
    """Return one sentence about an event that was pruned."""
    at = written(record.moment(pruning.ts))
    return (
        f"Event {seq} was pruned on {at} (event {pruning.seq}). Its hash is still in the log; its "
        f"content is in the archive {pruning.archive} (sha256 {pruning.sha256})."
    )


def _pruning(row: Row, size: int) -> Pruning | None:
    event = read_event(row)
    if event is None or event.seq > size:
        return None
    try:
        return Pruning.read(event.body)
    except ValueError:
        return None
