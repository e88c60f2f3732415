"""Finds events, newest first, and says so when it could not look at all of them.

The database narrows down by index and by text that every match must contain; whether an event
matches is decided on its own bytes, after they were hashed again. Order is by number, which is the
order of recording, so that pages are stable while the log grows.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import DBAPIError

from bot.audit import record
from bot.audit.matching import PATHS, matches, plain_runs
from bot.audit.reading import (
    AUDIT,
    INDEXED,
    Row,
    fetch,
    read_event,
    read_row,
    read_size,
    select_rows,
    verify_log,
)
from bot.errors import Conflict
from bot.model import AuditPage, AuditQuery, Event, Verdict
from bot.storage.database import Database

MAX_LIMIT: Final = 500
DEADLINE: Final = 1.5
"""Seconds after which a search returns what it has found and where it stopped."""

_PATTERN: Final = 1_000  # characters of a word that the database is asked for; SQLite has a limit
_PATTERNS: Final = 8
_NARROW: Final = 4_096
_WIDE: Final = 65_536
_FETCH: Final = 512
_LAST: Final = 2**63  # what a database can count to


class AuditSearch:
    """The `AuditReader` over a database; it needs no running log."""

    def __init__(
        self,
        database: Database,
        *,
        deadline: float = DEADLINE,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._deadline = deadline
        self._timer = timer

    async def search(self, query: AuditQuery) -> AuditPage:
        """Return matching events; where time was up, `next_before` says how far it looked."""
        until = self._timer() + self._deadline
        return await self._database.read(
            lambda connection: find(connection, query, lambda: self._timer() > until)
        )

    async def show(self, seq: int) -> Event | None:
        """Return one event; Conflict where its bytes are not those that were recorded."""
        if not 0 < seq < _LAST:
            return None
        row = await self._database.read(lambda connection: read_row(connection, seq))
        if row is None:
            return None
        event = read_event(row)
        if event is None:
            raise Conflict(
                f"Event {seq} is damaged: its bytes do not match its hash. Run `audit verify`."
            )
        return event

    async def verify(self) -> Verdict:
        """Hash the whole log again and compare it with its recorded root and size."""
        findings = await self._database.read(verify_log)
        return Verdict(
            ok=findings.ok,
            size=findings.size,
            root=findings.root,
            problems=tuple(findings.problems),
            first_bad=findings.first_bad,
        )


def find(connection: Connection, query: AuditQuery, is_late: Callable[[], bool]) -> AuditPage:
    """Search on one snapshot; `is_late` is asked after each part of the log."""
    query = _storable(query)
    limit = min(max(query.limit, 1), MAX_LIMIT)
    lowest, highest = _bounds(connection, query)
    events: list[Event] = []
    damaged: list[int] = []
    for rows, reached in _windows(connection, query, lowest, highest):
        for row in rows:
            event = read_event(row)
            if event is None:
                damaged.append(row[0])
            elif matches(event.data, query):
                if len(events) == limit:
                    return AuditPage(tuple(events), events[-1].seq, tuple(damaged))
                events.append(event)
        if reached > lowest and is_late():
            return AuditPage(tuple(events), reached, tuple(damaged))
    return AuditPage(tuple(events), None, tuple(damaged))


def _storable(query: AuditQuery) -> AuditQuery:
    """Ask for what is stored where a text held something that no database can store."""
    texts: dict[str, Any] = {name: record.storable(getattr(query, name)) for name in PATHS}
    return replace(query, words=tuple(map(record.storable, query.words)), **texts)


def _windows(
    connection: Connection, query: AuditQuery, lowest: int, highest: int
) -> Iterator[tuple[list[Row], int]]:
    """Return candidates from `highest` (left out) down to `lowest`, part by part.

    With each part comes how far down everything has now been looked at.
    """
    conditions = _conditions(connection, query)
    width, upper = _NARROW, highest
    while upper > lowest:
        lower = max(lowest, upper - width)
        rows = _candidates(connection, conditions, lower, upper)
        if len(rows) == _FETCH:
            upper = rows[-1][0]
        else:
            upper, width = lower, min(width * 2, _WIDE)
        yield rows, upper


def _candidates(
    connection: Connection, conditions: list[ColumnElement[bool]], lower: int, upper: int
) -> list[Row]:
    part = (
        select_rows(connection)
        .where(AUDIT.c.seq >= lower, AUDIT.c.seq < upper)
        .order_by(AUDIT.c.seq.desc())
        .limit(_FETCH)
    )
    try:
        return fetch(connection, part.where(*conditions))
    except DBAPIError:
        # A body that is no JSON any more fails every column that is drawn from it. Without the
        # conditions it is read, and named as damaged.
        connection.rollback()
        return fetch(connection, part)


def _conditions(connection: Connection, query: AuditQuery) -> list[ColumnElement[bool]]:
    """Return what every match fulfils; events that fulfil it need not match."""
    # Both match ASCII letters in any case; a body has no others.
    like = AUDIT.c.body.like if connection.dialect.name == "sqlite" else AUDIT.c.body.ilike
    conditions: list[ColumnElement[bool]] = []
    for name, path in PATHS.items():
        wanted = getattr(query, name)
        if wanted and name in INDEXED:
            conditions.append(AUDIT.c[name] == wanted)
        elif wanted:
            # Without the first quotation mark: looking for a rarer character first is faster.
            conditions.append(like(_pattern(f'{path[-1]}":{json.dumps(wanted)}'), escape="\\"))
    runs = plain_runs(query)[:_PATTERNS]
    return conditions + [like(_pattern(run), escape="\\") for run in runs]


def _pattern(part: str) -> str:
    return "%" + re.sub(r"([%_\\])", r"\\\1", part[:_PATTERN]) + "%"


def _bounds(connection: Connection, query: AuditQuery) -> tuple[int, int]:
    """Return the lowest number to look at, and the one above the highest."""
    end = read_size(connection) + 1
    highest = end if query.before is None else min(max(query.before, 1), end)
    lowest = 1
    if query.since:
        lowest = _first_at(connection, query.since, highest)
    if query.until:
        highest = _first_at(connection, query.until, highest)
    return lowest, highest


def _first_at(connection: Connection, at: datetime, end: int) -> int:
    """Return the first number whose time is `at` or later, or `end`: times never go back."""
    ts, low, high = record.microseconds(at), 1, end
    while low < high:
        middle = (low + high) // 2
        probe = _intact(connection, middle, high)
        if probe is None or record.microseconds(probe.at) >= ts:
            high = middle
        else:
            low = probe.seq + 1
    return low


def _intact(connection: Connection, lower: int, upper: int) -> Event | None:
    """Return the first event from `lower` on that is as it was recorded; None below `upper`."""
    rows = (
        select_rows(connection)
        .where(AUDIT.c.seq >= lower, AUDIT.c.seq < upper)
        .order_by(AUDIT.c.seq)
        .limit(16)
    )
    return next(filter(None, map(read_event, fetch(connection, rows))), None)
