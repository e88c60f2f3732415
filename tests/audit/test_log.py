from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bot.audit import record
from bot.audit.log import AuditLog
from bot.errors import AuditUnavailable, Conflict
from bot.model import Draft, Reason
from bot.ports import Transaction
from bot.storage.database import Database, sql
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log, assert_whole, draft, make_notes, note, notes, rows


async def test_an_event_is_stored_when_append_returns(
    log: AuditLog, database: Database, clock: TurnedClock
) -> None:
    recorded = await log.append(draft(text="hello"))
    event = recorded.event
    assert rows(database) == [(1, event.body, event.leaf)]
    assert (event.seq, event.at, recorded.results) == (1, clock.at, ())
    assert event.data == record.parse(event.body)
    assert event.data["software"] == "1.0"
    assert event.data["replica"] == "one"


async def test_events_have_contiguous_numbers_in_the_order_of_their_appends(
    log: AuditLog, database: Database
) -> None:
    for number in range(20):
        await log.append(draft(text=str(number)))
    assert [fields["text"] for fields in assert_whole(database)] == [str(n) for n in range(20)]


async def test_sixty_four_concurrent_appenders_leave_no_gap(
    log: AuditLog, database: Database
) -> None:
    async def appender(name: int) -> list[int]:
        return [(await log.append(draft(person=f"p{name}"))).event.seq for _ in range(8)]

    numbers = await asyncio.gather(*(appender(name) for name in range(64)))
    assert sorted(seq for each in numbers for seq in each) == list(range(1, 513))
    assert all(each == sorted(each) for each in numbers)
    assert len(assert_whole(database)) == 512


async def test_threads_with_loops_of_their_own_share_the_log(
    log: AuditLog, database: Database
) -> None:
    async def appends() -> None:
        await asyncio.gather(*(log.append(draft()) for _ in range(20)))

    await asyncio.gather(*(asyncio.to_thread(asyncio.run, appends()) for _ in range(4)))
    assert len(assert_whole(database)) == 80


async def test_effects_and_event_are_one_transaction(log: AuditLog, database: Database) -> None:
    make_notes(database)
    recorded = await log.append(draft(), note("a"), note("b"))
    assert recorded.results == ("a", "b")
    assert notes(database) == ["a", "b"]
    assert len(assert_whole(database)) == 1


async def test_the_event_can_name_what_its_effects_made(log: AuditLog, database: Database) -> None:
    make_notes(database)

    def named(results: tuple[object, ...]) -> Draft:
        return draft(request=str(results[0]))

    recorded = await log.append(named, note("REQ-1"))
    assert recorded.event.data["request"] == "REQ-1"


async def test_an_effect_that_conflicts_leaves_no_event_and_no_change(
    log: AuditLog, database: Database
) -> None:
    make_notes(database)

    def conflict(_: Transaction) -> None:
        raise Conflict("it has ended", reason=Reason.EXPIRED)

    with pytest.raises(Conflict, match="it has ended") as caught:
        await log.append(draft(), note("before"), conflict, note("after"))
    assert caught.value.reason is Reason.EXPIRED
    assert notes(database) == []
    assert rows(database) == []


async def test_a_failing_effect_fails_only_its_own_caller(
    log: AuditLog, database: Database
) -> None:
    make_notes(database)
    appends = [log.append(draft(), note(str(n // 2))) for n in range(40)]
    results = await asyncio.gather(*appends, return_exceptions=True)
    failed = [result for result in results if isinstance(result, BaseException)]
    assert len(failed) == 20
    assert all(isinstance(error, IntegrityError) for error in failed)
    assert len(notes(database)) == 20
    assert len(assert_whole(database)) == 20


async def test_a_draft_that_cannot_be_written_fails_only_its_own_caller(
    log: AuditLog, database: Database
) -> None:
    make_notes(database)

    def broken(_: tuple[object, ...]) -> Draft:
        raise LookupError("no such result")

    first, second, third = await asyncio.gather(
        log.append(broken, note("a")),
        log.append(draft(params={"n": 5}), note("b")),
        log.append(draft(), note("c")),
        return_exceptions=True,
    )
    assert isinstance(first, LookupError)
    assert isinstance(second, ValueError)
    assert not isinstance(third, BaseException)
    assert notes(database) == ["c"]
    assert len(assert_whole(database)) == 1


async def test_five_concurrent_claims_of_one_delivery_leave_one_event(
    log: AuditLog, database: Database
) -> None:
    make_notes(database)
    claims = [log.append(draft(), note("delivery")) for _ in range(5)]
    results = await asyncio.gather(*claims, return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert len(assert_whole(database)) == 1


async def test_a_read_modify_write_effect_never_loses_an_update(
    log: AuditLog, database: Database
) -> None:
    make_notes(database)

    def count_up(tx: Transaction) -> None:
        count = sql(tx).execute(text("SELECT count(*) FROM note")).scalar_one()
        sql(tx).execute(text("INSERT INTO note VALUES (:n)"), {"n": f"{count:04}"})

    await asyncio.gather(*(log.append(draft(), count_up) for _ in range(100)))
    assert notes(database) == [f"{n:04}" for n in range(100)]


async def test_a_clock_that_was_turned_back_keeps_the_order_and_is_said(
    log: AuditLog, database: Database, clock: TurnedClock
) -> None:
    before = await log.append(draft())
    clock.turn(hours=-1)
    during = await log.append(draft())
    clock.turn(hours=2)
    after = await log.append(draft())
    assert during.event.at == before.event.at
    assert during.event.data["skew_us"] == 3_600_000_000
    assert after.event.at == clock.at
    assert [fields.get("skew_us", 0) for fields in assert_whole(database)] == [0, 3_600_000_000, 0]


async def test_a_log_that_was_closed_goes_on_where_it_ended(
    database: Database, clock: TurnedClock
) -> None:
    for replica in ("one", "two", "three"):
        async with a_log(database, clock, replica=replica) as log:
            await asyncio.gather(*(log.append(draft()) for _ in range(100)))
    assert len(assert_whole(database)) == 300


async def test_closing_writes_what_waits(database: Database, clock: TurnedClock) -> None:
    log = a_log(database, clock)
    log.start()
    waiting = [asyncio.ensure_future(log.append(draft())) for _ in range(300)]
    await asyncio.sleep(0)
    await log.close()
    assert len({(await each).event.seq for each in waiting}) == 300
    assert len(assert_whole(database)) == 300


async def test_a_closed_log_refuses(database: Database, clock: TurnedClock) -> None:
    log = a_log(database, clock)
    with pytest.raises(AuditUnavailable, match="closed"):
        await log.append(draft())
    log.start()
    await log.close()
    with pytest.raises(AuditUnavailable, match="closed"):
        await log.append(draft())
    await log.close()


async def test_the_writer_ends_with_the_log(database: Database, clock: TurnedClock) -> None:
    log = a_log(database, clock)
    log.start()
    await log.append(draft())
    await log.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "audit"]


async def test_two_logs_over_one_database_share_one_numbering(
    url: str, database: Database, clock: TurnedClock
) -> None:
    other = Database.open(url)
    async with (
        a_log(database, clock) as one,
        a_log(other, clock, replica="two") as two,
    ):
        appends = [log.append(draft()) for _ in range(100) for log in (one, two)]
        numbers = [(await each).event.seq for each in map(asyncio.ensure_future, appends)]
    other.close()
    assert sorted(numbers) == list(range(1, 201))
    assert {fields["replica"] for fields in assert_whole(database)} == {"one", "two"}


async def test_every_256_events_complete_a_tile(log: AuditLog, database: Database) -> None:
    await asyncio.gather(*(log.append(draft()) for _ in range(520)))
    tiles = database.read_now(
        lambda c: c.execute(text("SELECT n FROM audit_tile ORDER BY n")).scalars().all()
    )
    assert tiles == [0, 1]
