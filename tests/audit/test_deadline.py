from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from datetime import UTC, datetime

import pytest

from bot.audit.entry import Entry, deliver
from bot.errors import AuditUnavailable
from bot.model import Event
from bot.ports import Recorded, Transaction
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import (
    a_log,
    assert_whole,
    draft,
    eventually_appends,
    make_notes,
    note,
    notes,
)


async def test_an_entry_that_was_withdrawn_at_its_deadline_is_never_written(
    sqlite: Database, clock: TurnedClock
) -> None:
    make_notes(sqlite)
    async with a_log(sqlite, clock, deadline=0.2) as log:
        other = sqlite3.connect(str(sqlite.file), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        appends = [log.append(draft(text="late"), note(str(n))) for n in range(3)]
        results = await asyncio.gather(*appends, return_exceptions=True)
        assert [str(error) for error in results] == ["the audit log did not answer in time"] * 3
        other.execute("ROLLBACK")
        other.close()
        await eventually_appends(log, "after")
    assert [fields["text"] for fields in assert_whole(sqlite)] == ["after"]
    assert notes(sqlite) == []


async def test_a_cancelled_caller_withdraws_its_entry(sqlite: Database, clock: TurnedClock) -> None:
    async with a_log(sqlite, clock) as log:
        other = sqlite3.connect(str(sqlite.file), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(log.append(draft(text="cancelled")), 0.1)
        other.execute("ROLLBACK")
        other.close()
        await log.append(draft(text="after"))
    assert [fields["text"] for fields in assert_whole(sqlite)] == ["after"]


async def test_what_its_caller_stopped_waiting_for_is_undone(
    database: Database, clock: TurnedClock
) -> None:
    make_notes(database)
    told = threading.Event()

    def slow(_: Transaction) -> None:
        assert told.wait(30)

    async with a_log(database, clock, deadline=0.3) as log:
        with pytest.raises(AuditUnavailable, match="too slow"):
            await log.append(draft(text="late"), note("late"), slow)
        told.set()
        await eventually_appends(log, "after")
    assert [fields["text"] for fields in assert_whole(database)] == ["after"]
    assert notes(database) == []


async def test_what_would_be_too_late_is_not_begun(database: Database, clock: TurnedClock) -> None:
    begun = threading.Event()

    def slow(_: Transaction) -> None:
        begun.set()
        time.sleep(0.35)

    async with a_log(database, clock, deadline=0.4) as log:
        first = asyncio.ensure_future(log.append(draft(text="slow"), slow))
        await asyncio.to_thread(begun.wait)
        with pytest.raises(AuditUnavailable, match=r"too busy|in time"):
            await log.append(draft(text="late"))
        with contextlib.suppress(AuditUnavailable):
            await first
    assert "late" not in [fields["text"] for fields in assert_whole(database)]


def test_a_caller_that_has_its_answer_does_not_give_up() -> None:
    loop = asyncio.new_event_loop()
    future: asyncio.Future[Recorded] = loop.create_future()
    entry = Entry(draft(), (), loop, future, take_by=0)
    recorded = Recorded(Event(1, datetime(2026, 11, 22, tzinfo=UTC), b"", b"", {}))
    future.set_result(recorded)
    entry.give_up()
    assert entry.take()
    loop.close()
    deliver([(entry, AuditUnavailable("nobody waits in a loop that was closed"))])
    assert future.result() is recorded
