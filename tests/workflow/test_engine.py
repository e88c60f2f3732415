"""What durable work promises to those who use it."""

from __future__ import annotations

import asyncio
import base64
import pickle
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, select, text, update

from bot.audit.log import AuditLog
from bot.errors import Conflict, NotAuthorised, Refused
from bot.model import Draft, Json, Kind, Reason
from bot.ports import Steps, Transaction
from bot.storage.database import Database
from bot.workflow.engine import DurableEngine
from tests.databases import FixedClock
from tests.storage.test_migrations import check
from tests.workflow.conftest import Launch

LONG = 30.0  # how long a test waits for what comes at once


class Diary:
    """A body of one step, which notes what it was run for."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    async def body(self, steps: Steps, key: str) -> None:
        async def write() -> Mapping[str, Json]:
            self.entries.append(key)
            return {}

        await steps.run("write", write)


async def nothing() -> Mapping[str, Json]:
    return {}


def theirs(connection: Connection, name: str) -> Table:
    """A table of the library's."""
    schema = None if connection.dialect.name == "sqlite" else "dbos"
    return Table(name, MetaData(), schema=schema, autoload_with=connection)


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
    async with AuditLog(database, clock=FixedClock(), software="0", replica="a") as log:
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


async def test_bodies_and_steps_run_in_the_loop_that_launched(
    database: Database, launch: Launch
) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def body(steps: Steps, key: str) -> None:
        del key
        loops.append(asyncio.get_running_loop())

        async def step() -> Mapping[str, Json]:
            loops.append(asyncio.get_running_loop())
            return {}

        await steps.run("step", step)

    engine = await launch({"where": body})
    await database.write(engine.start("where", "a"))
    assert await engine.wait("where", "a", seconds=LONG)
    assert loops == [asyncio.get_running_loop()] * 2


async def test_an_error_of_ours_reaches_the_body_as_itself(
    database: Database, launch: Launch
) -> None:
    caught: list[Refused] = []

    async def body(steps: Steps, key: str) -> None:
        del key

        async def refused() -> Mapping[str, Json]:
            raise NotAuthorised("production needs an approval", policies=["prod-approval"])

        try:
            await steps.run("refused", refused)
        except NotAuthorised as error:
            caught.append(error)
        await steps.run("after", nothing)

    engine = await launch({"ask": body})
    await database.write(engine.start("ask", "a"))
    assert await engine.wait("ask", "a", seconds=LONG)
    (error,) = caught
    assert (error.reason, error.text) == (Reason.NOT_AUTHORISED, "production needs an approval")
    assert error.policies == ("prod-approval",)
    assert await engine.failed() == []


async def test_a_body_that_fails_is_listed_with_its_error_and_logged(
    database: Database, launch: Launch, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(steps: Steps, key: str) -> None:
        async def fault() -> Mapping[str, Json]:
            raise ZeroDivisionError(f"no build for {key}")

        await steps.run("fault", fault)

    engine = await launch({"faulty": body, "diary": Diary().body})
    await database.write(engine.start("faulty", "DEP-1"))
    await database.write(engine.start("diary", "fine"))
    assert await engine.wait("faulty", "DEP-1", seconds=LONG)
    assert await engine.wait("diary", "fine", seconds=LONG)
    (failure,) = await engine.failed()
    assert (failure.workflow, failure.key) == ("faulty", "DEP-1")
    assert failure.error == "ZeroDivisionError: no build for DEP-1"
    assert failure.at.tzinfo is not None
    assert "workflow faulty:DEP-1 failed: ZeroDivisionError" in caplog.messages


async def test_two_steps_of_one_name_are_a_fault(database: Database, launch: Launch) -> None:
    async def body(steps: Steps, key: str) -> None:
        del key
        await steps.run("probe", nothing)
        await steps.run("probe", nothing)

    engine = await launch({"twice": body})
    await database.write(engine.start("twice", "a"))
    assert await engine.wait("twice", "a", seconds=LONG)
    (failure,) = await engine.failed()
    assert "two steps called 'probe'" in failure.error


@pytest.mark.parametrize("result", [{"at": object()}, {"seconds": float("nan")}])
async def test_a_result_that_is_not_plain_json_is_a_fault(
    database: Database, launch: Launch, result: Any
) -> None:
    async def body(steps: Steps, key: str) -> None:
        del key

        async def odd() -> Mapping[str, Json]:
            return result  # type: ignore[no-any-return]  # the point of the test

        await steps.run("odd", odd)

    engine = await launch({"odd": body})
    await database.write(engine.start("odd", "a"))
    assert await engine.wait("odd", "a", seconds=LONG)
    assert len(await engine.failed()) == 1


async def test_closing_lets_a_step_finish_and_the_next_launch_goes_on_after_it(
    database: Database, launch: Launch
) -> None:
    begun, finish = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def body(steps: Steps, key: str) -> None:
        del key

        async def first() -> Mapping[str, Json]:
            begun.set()
            await finish.wait()
            done.append("first")
            return {}

        async def second() -> Mapping[str, Json]:
            done.append("second")
            return {}

        await steps.run("first", first)
        await steps.sleep(0.01)
        await steps.run("second", second)

    engine = await launch({"two": body}, grace_seconds=LONG)
    await database.write(engine.start("two", "a"))
    await begun.wait()
    closing = asyncio.create_task(engine.close())
    await asyncio.sleep(0)
    finish.set()
    await closing
    assert done == ["first"]
    engine = await launch({"two": body})
    assert await engine.wait("two", "a", seconds=LONG)
    assert done == ["first", "second"]


async def test_closing_cuts_a_step_short_after_its_grace_and_it_runs_again(
    database: Database, launch: Launch
) -> None:
    begun = asyncio.Event()
    attempts = 0

    async def body(steps: Steps, key: str) -> None:
        del key

        async def slow() -> Mapping[str, Json]:
            nonlocal attempts
            attempts += 1
            if attempts == 1:
                begun.set()
                await asyncio.Event().wait()
            return {}

        await steps.run("slow", slow)

    engine = await launch({"slow": body}, grace_seconds=0)
    await database.write(engine.start("slow", "a"))
    await begun.wait()
    await engine.close()
    engine = await launch({"slow": body})
    assert await engine.wait("slow", "a", seconds=LONG)
    assert attempts == 2
    assert await engine.failed() == []


async def test_the_loop_can_use_threads_after_a_close(launch: Launch) -> None:
    engine = await launch()
    await engine.close()
    await engine.close()
    assert await asyncio.to_thread(lambda: "yes") == "yes"


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


class Mine:
    """Touches a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.file,)


async def test_a_pickle_in_the_database_is_never_opened(
    database: Database, launch: Launch, tmp_path: Path
) -> None:
    diary = Diary()
    engine = await launch({"diary": diary.body})
    mine = base64.b64encode(pickle.dumps(Mine(tmp_path / "mine"))).decode()

    def plant(tx: Transaction) -> None:
        engine.start("diary", "a")(tx)
        assert isinstance(tx, Connection)
        tx.execute(update(theirs(tx, "workflow_status")).values(serialization="py_pickle"))
        tx.execute(update(theirs(tx, "workflow_input")).values(inputs=mine))

    await database.write(plant)
    assert await engine.wait("diary", "a", seconds=LONG)
    assert [failure.key for failure in await engine.failed()] == ["a"]
    assert not (tmp_path / "mine").exists()
    assert diary.entries == []


async def test_what_is_kept_is_plain_json(database: Database, launch: Launch) -> None:
    engine = await launch({"diary": Diary().body})
    await database.write(engine.start("diary", "DEP-1"))
    assert await engine.wait("diary", "DEP-1", seconds=LONG)

    def kept(connection: Connection) -> set[object]:
        columns = [
            theirs(connection, "workflow_status").c.serialization,
            theirs(connection, "operation_outputs").c.serialization,
            theirs(connection, "workflow_input").c.inputs,
            theirs(connection, "operation_outputs").c.output,
        ]
        return {value for column in columns for value in connection.scalars(select(column))}

    inputs = '{"namedArgs":{},"positionalArgs":["DEP-1"]}'
    assert await database.read(kept) == {"portable_json", inputs, '{"value":{}}'}


async def test_migrations_do_not_see_the_librarys_tables(
    database: Database, launch: Launch
) -> None:
    await launch()
    database.upgrade()
    assert "No new upgrade operations" in await database.read(check)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nothing_is_sent_to_anybody(
    database: Database, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _self, address: reached.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: reached.append(address))
    engine = await launch({"diary": Diary().body})
    await database.write(engine.start("diary", "a"))
    assert await engine.wait("diary", "a", seconds=LONG)
    await engine.close()
    assert reached == []
