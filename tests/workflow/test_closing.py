"""Closing loses nothing, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.model import Json
from bot.ports import Steps
from bot.storage.database import Database
from bot.workflow.engine import DurableEngine
from tests.workflow.bodies import LONG
from tests.workflow.conftest import Launch


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


async def test_a_launch_that_failed_leaves_nothing_behind(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'other' / 'wardroom.db'}")
    database.upgrade()
    database.write_now(lambda tx: tx.execute(text("CREATE TABLE workflow_status (id INTEGER)")))
    engine = DurableEngine(database)
    with pytest.raises(OperationalError, match="workflow_status already exists"):
        await engine.launch()
    database.write_now(lambda tx: tx.execute(text("DROP TABLE workflow_status")))
    await engine.launch()
    await engine.close()
    database.close()


def test_what_begins_while_nobody_runs_the_loop_waits_for_it_and_can_be_closed(
    sqlite_url: str,
) -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    has_begun = asyncio.Event()

    async def body(steps: Steps, key: str) -> None:
        del steps, key
        loops.append(asyncio.get_running_loop())
        has_begun.set()
        await asyncio.Event().wait()

    async def launched(database: Database) -> DurableEngine:
        engine = DurableEngine(database, grace_seconds=0, poll_seconds=0.01)
        engine.register("waits", body)
        await engine.launch()
        await database.write(engine.start("waits", "a"))
        return engine

    async def begun() -> None:
        async with asyncio.timeout(10):
            await has_begun.wait()

    database = Database.open(sqlite_url)
    with asyncio.Runner() as runner:
        engine = runner.run(launched(database))
        time.sleep(0.3)  # long enough for the library to find the workflow
        runner.run(begun())
        assert loops == [runner.get_loop()]
        runner.run(engine.close())
    database.close()
