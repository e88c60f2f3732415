"""Finds events, newest first, and says so when it could not look at all of them.

The index, or the database, narrows down; whether an event matches is decided on its own bytes,
after they were hashed again. Order is by number, which is the order of recording, so that pages
are stable while the log grows.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from bot.audit import record
from bot.audit.best import MOST, ranked
from bot.audit.disclosure.finding import count_inside, looks_inside, merged, page_inside
from bot.audit.disclosure.vault import Vault
from bot.audit.index.folder import Index
from bot.audit.index.walk import Walk
from bot.audit.keys import KeyStore
from bot.audit.matching import PATHS, matches
from bot.audit.probe import first_rows
from bot.audit.pruned import Pruned, PrunedRows, read_minimum, said_of
from bot.audit.reading import Row, read_event, read_row, read_size
from bot.audit.scan import Part, names_one_thing, scan
from bot.audit.verify import GONE, Pruning
from bot.audit.whole import pinned, verdict, verify_log
from bot.errors import BadInput, Conflict
from bot.model import AuditCount, AuditPage, AuditQuery, Event, Reason, Verdict
from bot.storage.database import Database

MAX_LIMIT: Final = 500
DEADLINE: Final = 0.2
"""Seconds after which a search with an index returns what it has found and where it stopped."""

UNINDEXED_DEADLINE: Final = 1.5
"""The same for one that reads the log itself: its parts alone take longer."""

COUNTING_DEADLINE: Final = 10.0
"""Seconds that an exact count may take."""

_LAST: Final = 2**63  # what a database can count to


class AuditSearch:
    """The `AuditReader` over a database; it needs no running log."""

    def __init__(
        self,
        database: Database,
        *,
        index: Index | None = None,
        deadline: float | None = None,
        timer: Callable[[], float] = time.monotonic,
        keys: KeyStore | None = None,
        vault: Vault | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._keys = keys
        self._index = index
        usual = UNINDEXED_DEADLINE if index is None else DEADLINE
        self._deadline = usual if deadline is None else deadline
        self._timer = timer

    async def search(self, query: AuditQuery) -> AuditPage:
        """Return matching events; where time was up, `next_before` says how far it looked."""
        is_late = self._late_after(self._deadline)
        return await self._database.read(lambda connection: self._find(connection, query, is_late))

    def _find(
        self, connection: Connection, query: AuditQuery, is_late: Callable[[], bool]
    ) -> AuditPage:
        if query.best:
            return find_best(connection, query, is_late, self._index)
        page = find(connection, query, is_late, self._index)
        if self._vault is None or not looks_inside(query):
            return page
        query = _storable(replace(query, limit=min(max(query.limit, 1), MAX_LIMIT)))
        between = _bounds(connection, query)
        inside = page_inside(connection, self._vault, query, between, is_late)
        whole = merged(page, inside, query.limit)
        if inside[1] and whole.next_before == inside[1] and len(inside[0]) < query.limit:
            looked_at = _intact(connection, inside[1], between[1])
            return replace(whole, searched_back_to=looked_at.at if looked_at else None)
        return whole

    async def count(self, query: AuditQuery, *, most: int | None = None) -> AuditCount:
        """Count what matches, at `most` so many; None counts all, for as long as that may take."""
        is_late = self._late_after(COUNTING_DEADLINE if most is None else self._deadline)
        return await self._database.read(
            lambda connection: self._count(connection, query, most, is_late)
        )

    def _count(
        self,
        connection: Connection,
        query: AuditQuery,
        most: int | None,
        is_late: Callable[[], bool],
    ) -> AuditCount:
        counted = count(connection, query, most, is_late, self._index)
        if self._vault is None or not looks_inside(query) or counted.is_capped:
            return counted
        query = _storable(query)
        between = _bounds(connection, query)
        inside, reached = count_inside(connection, self._vault, query, between, is_late)
        found = counted.found + inside
        if most is not None and found > most:
            return AuditCount(most, is_capped=True)
        if not reached:
            return AuditCount(found)
        looked_at = _intact(connection, reached, between[1])
        return AuditCount(found, True, looked_at.at if looked_at else None)

    def _late_after(self, seconds: float) -> Callable[[], bool]:
        until = self._timer() + seconds
        return lambda: self._timer() > until

    async def show(self, seq: int) -> Event | None:
        """Return one event; Conflict where its bytes are not those that were recorded."""
        if not 0 < seq < _LAST:
            return None
        row, pruning = await self._database.read(lambda connection: _row(connection, seq))
        if row is None:
            return None
        if pruning is not None:
            raise BadInput(said_of(pruning, seq), reason=Reason.NOT_FOUND)
        event = read_event(row)
        if event is None:
            raise Conflict(
                f"Event {seq} is damaged: its bytes do not match its hash. Run `audit verify`."
            )
        return event

    async def verify(self) -> Verdict:
        """Hash the whole log again and compare it with its recorded root and size."""
        keys = pinned(self._keys)
        return verdict(
            await self._database.read(lambda c: verify_log(c, keys=keys, vault=self._vault))
        )


def find(
    connection: Connection,
    query: AuditQuery,
    is_late: Callable[[], bool],
    index: Index | None = None,
) -> AuditPage:
    """Search on one snapshot; `is_late` is asked after each part of the log."""
    limit = min(max(query.limit, 1), MAX_LIMIT)
    query = _storable(replace(query, limit=limit))
    lowest, highest = _bounds(connection, query)
    events: list[Event] = []
    damaged, pruned = list[int](), PrunedRows(connection)
    with contextlib.closing(_parts(connection, query, (lowest, highest), index, is_late)) as parts:
        for rows, reached in parts:
            for event in _matching(rows, query, damaged, pruned):
                if len(events) == limit:
                    return AuditPage(tuple(events), events[-1].seq, tuple(damaged))
                events.append(event)
            if reached > lowest and is_late():
                looked_at = _intact(connection, reached, highest)
                at = looked_at.at if looked_at else None
                return AuditPage(tuple(events), reached, tuple(damaged), at)
    minimum = read_minimum(connection)
    return AuditPage(
        tuple(events), None, tuple(damaged), pruned=minimum if lowest <= minimum else 0
    )


def find_best(
    connection: Connection,
    query: AuditQuery,
    is_late: Callable[[], bool],
    index: Index | None = None,
) -> AuditPage:
    """Return the best of the newest matches: `searched_back_to` where there may be older ones."""
    limit = min(max(query.limit, 1), MAX_LIMIT)
    query = _storable(replace(query, limit=MAX_LIMIT))
    lowest, highest = _bounds(connection, query)
    newest: list[Event] = []
    damaged, pruned, back_to = list[int](), PrunedRows(connection), None
    with contextlib.closing(_parts(connection, query, (lowest, highest), index, is_late)) as parts:
        for rows, reached in parts:
            found = _matching(rows, query, damaged, pruned)
            newest += itertools.islice(found, MOST - len(newest))
            if len(newest) == MOST:
                back_to = newest[-1].at
                break
            if reached > lowest and is_late():
                looked_at = _intact(connection, reached, highest)
                back_to = looked_at.at if looked_at else None
                break
    best = ranked(newest, query)[:limit]
    return AuditPage(tuple(best), None, tuple(damaged), back_to)


def count(
    connection: Connection,
    query: AuditQuery,
    most: int | None,
    is_late: Callable[[], bool],
    index: Index | None = None,
) -> AuditCount:
    """Count what a search would find, each event read and hashed; more than `most` are not."""
    query = _storable(replace(query, limit=MAX_LIMIT))
    lowest, highest = _bounds(connection, query)
    found, pruned = 0, PrunedRows(connection)
    with contextlib.closing(_parts(connection, query, (lowest, highest), index, is_late)) as parts:
        for rows, reached in parts:
            found += sum(1 for _ in _matching(rows, query, [], pruned))
            if most is not None and found > most:
                return AuditCount(most, is_capped=True)
            if reached > lowest and is_late():
                looked_at = _intact(connection, reached, highest)
                return AuditCount(found, True, looked_at.at if looked_at else None)
    return AuditCount(found)


def _matching(
    rows: Iterable[Row], query: AuditQuery, damaged: list[int], pruned: PrunedRows
) -> Iterator[Event]:
    for row in rows:
        event = read_event(row)
        if event is None:
            if not pruned.has(row):
                damaged.append(row[0])
        elif matches(event.data, query):
            yield event


def _parts(
    connection: Connection,
    query: AuditQuery,
    between: tuple[int, int],
    index: Index | None,
    is_late: Callable[[], bool],
) -> Generator[Part, None, None]:
    if index is None or names_one_thing(query):
        yield from scan(connection, query, *between)
    else:
        yield from Walk(connection, query, index, is_late).parts(*between)


def _storable(query: AuditQuery) -> AuditQuery:
    """Ask for what is stored where a text held something that no database can store."""
    changed: dict[str, Any] = {name: record.storable(getattr(query, name)) for name in PATHS}
    for name in ("words", "prefixes", "without"):
        changed[name] = tuple(map(record.storable, getattr(query, name)))
    unlike = tuple((name, record.storable(value)) for name, value in query.unlike)
    return replace(query, unlike=unlike, **changed)


def _bounds(connection: Connection, query: AuditQuery) -> tuple[int, int]:
    """Return the lowest number to look at, and the one above the highest."""
    end = read_size(connection) + 1
    highest = end if query.before is None else min(max(query.before, 1), end)
    lowest = 1
    if query.since:
        lowest = first_at(connection, query.since, highest)
        if lowest <= read_minimum(connection) + 1:
            lowest = 1  # events that are held may stand among those that were pruned
    if query.until:
        highest = first_at(connection, query.until, highest)
    return lowest, highest


def first_at(connection: Connection, at: datetime, end: int) -> int:
    """Return the first number whose time is `at` or later, or `end`: times never go back.

    Where pruning has been nobody knows the times any more: it is then the first number after that.
    """
    ts, high = record.microseconds(at), end
    low = min(read_minimum(connection) + 1, end)
    while low < high:
        middle = (low + high) // 2
        probe = _intact(connection, middle, high)
        if probe is None or record.microseconds(probe.at) >= ts:
            high = middle
        else:
            low = probe.seq + 1
    return low


def _row(connection: Connection, seq: int) -> tuple[Row | None, Pruning | None]:
    """Return a row, and the pruning that took its bytes if one did."""
    row = read_row(connection, seq)
    if row is None or row[1] != GONE:
        return row, None
    known = Pruned.read(connection)
    return row, known.pruning_of(seq) if known.has(row) else None


def _intact(connection: Connection, lower: int, upper: int) -> Event | None:
    """Return the first event from `lower` on that is as it was recorded; None below `upper`."""
    for most in (1, 16):  # it is nearly always the first
        found = first_rows(connection, lower, upper, most)
        if event := next(filter(None, map(read_event, found)), None):
            return event
    return None
