"""Work starts with its transaction, once, and in bounded numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from sqlalchemy import Connection, text

from bot.audit.log import AuditLog
from bot.errors import Conflict
from bot.model import Draft, Json, Kind
from bot.ports import Steps, Transaction
from bot.storage.database import Database
from bot.workflow.engine import DurableEngine
from tests.databases import FixedClock
from tests.signing import KnownKeys
from tests.workflow.bodies import LONG, Diary
from tests.workflow.conftest import Launch


async def test_a_workflow_runs_once_however_often_it_is_started(
    database: Database, launch: Launch
) -> None:
    diary = Diary()
    engine = await launch({"diary": diary.body})

    def twice(tx: Transaction) -> None:
        engine.start("diary", "a")(tx)
        engine.start("diary", "a")(tx)

    await database.write(twice)
    await database.write(engine.start("diary", "a"))
    assert await engine.wait("diary", "a", seconds=LONG)
    await database.write(engine.start("diary", "a"))
    await database.write(engine.start("diary", "b"))
    assert await engine.wait("diary", "b", seconds=LONG)
    assert diary.entries == ["a", "b"]


async def test_starting_again_leaves_the_transaction_usable(
    database: Database, launch: Launch
) -> None:
    engine = await launch({"diary": Diary().body})
    await database.write(engine.start("diary", "a"))

    def again(tx: Transaction) -> int:
        engine.start("diary", "a")(tx)
        assert isinstance(tx, Connection)
        return tx.execute(text("UPDATE counters SET value = 7 WHERE name = 'REQ'")).rowcount

    assert await database.write(again) == 1
    seven = text("SELECT value FROM counters WHERE name = 'REQ'")
    assert await database.read(lambda connection: connection.scalar(seven)) == 7


async def test_what_a_lost_transaction_started_never_runs(
    database: Database, launch: Launch
) -> None:
    diary = Diary()
    engine = await launch({"diary": diary.body})

    def lose(tx: Transaction) -> None:
        engine.start("diary", "lost")(tx)
        raise Conflict("no")

    with pytest.raises(Conflict):
        await database.write(lose)
    await database.write(engine.start("diary", "kept"))
    assert await engine.wait("diary", "kept", seconds=LONG)
    assert not await engine.wait("diary", "lost", seconds=0)
    assert diary.entries == ["kept"]


async def test_fifty_start_at_once_while_the_log_is_written_to(
    database: Database, launch: Launch
) -> None:
    diary = Diary()
    engine = await launch({"diary": diary.body})
    draft = Draft(kind=Kind.EFFECT, verb="deploy", correlation="c-1")
    keys = KnownKeys()
    async with AuditLog(
        database, clock=FixedClock(), software="0", replica="a", keys=keys, deadline=LONG
    ) as log:
        starts = [log.append(draft, engine.start("diary", str(n))) for n in range(50)]

        async def append(times: int) -> int:
            for _ in range(times):
                await log.append(draft)
            return times

        appended = await asyncio.gather(*starts, *(append(20) for _ in range(5)))
        waits = [engine.wait("diary", str(n), seconds=LONG) for n in range(50)]
        assert all(await asyncio.gather(*waits))
        following = await log.append(draft)
    assert len(appended) == 55
    assert following.event.seq == 50 + 5 * 20 + 1
    assert sorted(diary.entries, key=int) == [str(n) for n in range(50)]


async def test_no_more_workflows_run_at_once_than_allowed(
    database: Database, launch: Launch
) -> None:
    running = 0
    most = 0

    async def body(steps: Steps, key: str) -> None:
        del key

        async def busy() -> Mapping[str, Json]:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.05)
            running -= 1
            return {}

        await steps.run("busy", busy)

    engine = await launch({"busy": body}, concurrency=2)
    for n in range(5):
        await database.write(engine.start("busy", str(n)))
    waits = [engine.wait("busy", str(n), seconds=LONG) for n in range(5)]
    assert all(await asyncio.gather(*waits))
    assert most <= 2


async def test_waiting_for_what_was_never_started_says_no(launch: Launch) -> None:
    engine = await launch()
    assert not await engine.wait("diary", "a", seconds=0)


async def test_only_one_engine_at_a_time_and_only_known_workflows(
    database: Database, launch: Launch
) -> None:
    engine = await launch({"diary": Diary().body})
    with pytest.raises(RuntimeError, match="runs a workflow engine already"):
        await DurableEngine(database).launch()
    with pytest.raises(ValueError, match="registered"):
        engine.register("late", Diary().body)
    with pytest.raises(ValueError, match="no workflow is registered as 'other'"):
        engine.start("other", "a")
    await engine.close()
    with pytest.raises(RuntimeError, match="not running"):
        await database.write(engine.start("diary", "a"))
