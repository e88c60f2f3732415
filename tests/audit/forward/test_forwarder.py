from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.audit.export import atna
from bot.audit.export.part import event_of
from bot.audit.forward.cursor import Cursor
from bot.audit.forward.forwarder import Forwarder
from bot.audit.forward.syslog import SyslogTarget
from bot.audit.forward.target import Target, Undelivered
from bot.audit.log import AuditLog
from bot.errors import StoreFailed
from bot.model import Event
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import as_attacker, draft, fill, rows
from tests.audit.forward.receivers import Receiver, listening, make_certificate


@dataclass
class Siem:
    """A receiver that keeps what it is sent, and refuses when it is told to."""

    refuses: list[Undelivered] = field(default_factory=list)
    batches: list[list[int]] = field(default_factory=list)
    tries: int = 0
    loses_answer: bool = False
    is_closed: bool = False

    async def send(self, events: Sequence[Event]) -> None:
        self.tries += 1
        if self.refuses:
            raise self.refuses.pop(0)
        self.batches.append([each.seq for each in events])
        if self.loses_answer:
            self.loses_answer = False
            raise Undelivered("the answer was lost")

    async def close(self) -> None:
        self.is_closed = True

    @property
    def got(self) -> list[int]:
        return [seq for batch in self.batches for seq in batch]


def a_forwarder(
    database: Database, clock: TurnedClock, target: Target, holder: str = "one", **changes: Any
) -> Forwarder:
    usual: dict[str, Any] = {
        "batch": 10,
        "patience": timedelta(minutes=10),
        "look": 0.005,
        "first_wait": 0.001,
    }
    cursor = Cursor(database, "siem", holder)
    return Forwarder("siem", target, database, cursor, clock, **(usual | changes))


async def until(is_so: Any) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - it becomes so in another thread
            await asyncio.sleep(0.002)


async def test_everything_is_sent_in_order_and_what_comes_later_too(
    database: Database, log: AuditLog, clock: TurnedClock
) -> None:
    await fill(log, *[draft() for _ in range(35)])
    siem = Siem()
    sender = a_forwarder(database, clock, siem)
    sender.start()
    await until(lambda: len(siem.got) == 35)
    await log.append(draft())
    await until(lambda: len(siem.got) == 36)
    await sender.close()
    assert siem.got == list(range(1, 37))
    assert max(map(len, siem.batches)) == 10
    assert siem.is_closed
    assert (sender.lag.events, sender.seconds_behind(), sender.trouble()) == (0, 0, "")


async def test_a_restart_goes_on_where_it_was(
    database: Database, log: AuditLog, clock: TurnedClock
) -> None:
    await fill(log, *[draft() for _ in range(5)])
    siem = Siem()
    for size in (5, 8):
        sender = a_forwarder(database, clock, siem, holder=f"after-{size}")
        sender.start()
        await until(lambda size=size: len(siem.got) == size)
        await sender.close()
        await fill(log, *[draft() for _ in range(3)])
    assert siem.got == list(range(1, 9))


async def test_a_batch_that_was_not_taken_comes_again_before_any_other(
    database: Database, log: AuditLog, clock: TurnedClock
) -> None:
    await fill(log, *[draft() for _ in range(25)])
    siem = Siem(refuses=[Undelivered("busy")] * 3, loses_answer=True)
    sender = a_forwarder(database, clock, siem)
    sender.start()
    await until(lambda: siem.got[-1:] == [25])
    await sender.close()
    assert siem.got == [*range(1, 11), *range(1, 26)]  # at least once: the first batch came twice
    assert siem.tries == 7


async def test_a_receiver_that_says_when_to_come_back_is_obeyed(
    database: Database, log: AuditLog, clock: TurnedClock
) -> None:
    await log.append(draft())
    siem = Siem(refuses=[Undelivered("busy", retry_after=3_600)])
    sender = a_forwarder(database, clock, siem)
    assert await sender._round() == sender.look
    assert await sender._round() == sender.look
    assert siem.tries == 1
    sender._resume = 0.0  # the hour is over
    await sender._round()
    assert siem.got == [1]


def test_waits_grow_up_to_a_minute(sqlite: Database, clock: TurnedClock) -> None:
    async def waits() -> list[float]:
        sender = a_forwarder(sqlite, clock, Siem(), first_wait=1.0)
        loop, found = asyncio.get_running_loop(), []
        for _ in range(12):
            sender._wait(Undelivered("busy"))
            found.append(sender._resume - loop.time())
        return found

    for number, wait in enumerate(asyncio.run(waits())):
        longest = min(2.0**number, 60.0)
        assert longest / 2 - 0.5 <= wait <= longest


async def test_a_receiver_that_takes_nothing_is_said_after_its_time_with_what_waits(
    database: Database, log: AuditLog, clock: TurnedClock
) -> None:
    await fill(log, *[draft() for _ in range(3)])
    siem = Siem(refuses=[Undelivered("siem.example answered 503", 3_600)])
    sender = a_forwarder(database, clock, siem)
    await sender._round()
    clock.turn(minutes=9)
    assert sender.trouble() == ""
    clock.turn(minutes=1)
    said = sender.trouble()
    assert said.startswith("nothing taken since 2026-11-22 09:30")
    assert said.endswith("3 events wait: siem.example answered 503")
    assert (sender.lag.events, sender.seconds_behind()) == (3, 600)
    sender._resume = 0.0
    await sender._round()
    assert (sender.trouble(), sender.lag.events, sender.seconds_behind()) == ("", 0, 0)


async def test_of_two_replicas_one_sends_and_the_other_takes_over(
    database: Database, log: AuditLog, clock: TurnedClock
) -> None:
    await fill(log, *[draft() for _ in range(4)])
    first, second = Siem(), Siem()
    one = a_forwarder(database, clock, first, "one")
    two = a_forwarder(database, clock, second, "two")
    await one._round()
    await fill(log, *[draft() for _ in range(4)])
    await two._round()
    assert (first.got, second.got) == ([1, 2, 3, 4], [])
    assert two.lag.events == 4
    clock.turn(minutes=3)  # the first one is gone
    await two._round()
    assert second.got == [5, 6, 7, 8]
    assert not await one.cursor.move(4)
    assert await one.cursor.read() == 8


async def test_one_that_never_began_can_be_closed(sqlite: Database, clock: TurnedClock) -> None:
    sender = a_forwarder(sqlite, clock, siem := Siem())
    await sender.close()
    assert siem.is_closed


async def test_a_replica_that_leaves_lets_the_other_go_on_at_once(
    database: Database, log: AuditLog, clock: TurnedClock
) -> None:
    await log.append(draft())
    one = a_forwarder(database, clock, Siem(), "one")
    one.start()
    await until(lambda: one.cursor is not None and one.target.got == [1])  # type: ignore[attr-defined] # it is a Siem
    await one.close()
    await log.append(draft())
    two = a_forwarder(database, clock, siem := Siem(), "two")
    await two._round()
    assert siem.got == [2]


async def test_a_replica_that_reads_while_another_sends_sends_nothing_twice(
    database: Database, log: AuditLog, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(log, *[draft() for _ in range(4)])
    await a_forwarder(database, clock, Siem(), "one")._round()
    clock.turn(minutes=3)
    late = a_forwarder(database, clock, siem := Siem(), "two")
    places = iter([0, 0])

    async def stale() -> int:
        return next(places)

    monkeypatch.setattr(Cursor, "read", lambda _: stale())
    await late._round()
    assert siem.got == []
    await log.append(draft())
    await late._round()
    assert siem.got == [5]


@in_a_file
async def test_a_damaged_event_is_sent_as_what_it_is(
    database: Database, log: AuditLog, clock: TurnedClock
) -> None:
    await fill(log, draft(), draft())
    as_attacker(database, text("UPDATE audit SET body = '{}' WHERE seq = 1"))
    seen: list[Event] = []

    class Keeping(Siem):
        async def send(self, events: Sequence[Event]) -> None:
            seen.extend(events)

    sender = a_forwarder(database, clock, Keeping())
    await sender._round()
    assert [each.data["verb"] for each in seen] == ["damaged", "deploy"]
    assert seen[0].body == b"{}"


@in_a_file
async def test_a_database_that_does_not_answer_stops_nothing_for_good(
    database: Database, log: AuditLog, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append(draft())
    sender = a_forwarder(database, clock, siem := Siem())
    broken = True

    async def read(_: Cursor) -> int:
        if broken:
            raise StoreFailed("the database failed")
        return 0

    async def leave(_: Cursor) -> None:
        raise StoreFailed("the database failed")

    monkeypatch.setattr(Cursor, "read", read)
    monkeypatch.setattr(Cursor, "leave", leave)
    sender.start()
    await until(lambda: sender._failures > 2)
    clock.turn(minutes=11)
    assert "the database failed" in sender.trouble()
    broken = False
    await until(lambda: siem.got != [])
    await sender.close()
    assert sender.trouble() == ""


async def test_a_killed_receiver_gets_the_whole_log_over_tls_when_it_is_back(
    database: Database, log: AuditLog, clock: TurnedClock, tmp_path: Path
) -> None:
    certificate = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=certificate[0])
    await fill(log, *[draft(text=f"event {n}") for n in range(40)])
    receiver = Receiver(reads=2_000)
    with listening(receiver, certificate):
        target = SyslogTarget("127.0.0.1", receiver.port, atna.message, context)
        sender = a_forwarder(database, clock, target)
        sender.start()
        await until(lambda: sender._failures > 1)
    receiver.reads = None
    with listening(receiver, certificate):
        await until(lambda: len(receiver.messages) >= 40)
        await sender.close()
    expected = [atna.message(event_of(row)) for row in await asyncio.to_thread(rows, database)]
    unique = list(dict.fromkeys(receiver.messages))
    assert unique == expected
    assert receiver.messages == sorted(receiver.messages, key=expected.index)
