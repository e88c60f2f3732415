"""What a body may expect of its steps, and what becomes of one that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.errors import Conflict, NotAuthorised, Refused
from bot.model import Json, Reason
from bot.ports import Steps
from bot.storage.database import Database
from tests.workflow.bodies import LONG, nothing, theirs
from tests.workflow.conftest import Launch


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


async def test_what_fails_is_listed_and_logged_without_the_words_of_the_fault(
    database: Database, launch: Launch, caplog: pytest.LogCaptureFixture
) -> None:
    async def in_step(steps: Steps, key: str) -> None:
        async def fault() -> Mapping[str, Json]:
            raise ZeroDivisionError(f"MRN 0012345 {key}")

        await steps.run("fault", fault)

    async def in_body(_steps: Steps, key: str) -> None:
        raise KeyError(f"MRN 0012345 {key}")

    async def refused(_steps: Steps, key: str) -> None:
        raise Conflict(f"{key} is locked", reason=Reason.LOCKED)

    engine = await launch({"step": in_step, "body": in_body, "refused": refused})
    for name in ("step", "body", "refused"):
        await database.write(engine.start(name, "DEP-1"))
        assert await engine.wait(name, "DEP-1", seconds=LONG)
    newest, middle, oldest = await engine.failed()
    assert (newest.workflow, newest.key) == ("refused", "DEP-1")
    assert newest.error == "Conflict: DEP-1 is locked"
    assert middle.error.startswith("KeyError at workflow/test_steps.py:")
    assert oldest.error.startswith("ZeroDivisionError at workflow/test_steps.py:")
    assert [failure.at.tzinfo for failure in (newest, middle, oldest)] == [UTC] * 3
    assert await engine.failed(limit=1) == [newest]
    assert f"workflow step:DEP-1 failed: {oldest.error}" in caplog.messages
    assert "MRN" not in "".join(caplog.messages)
    tables = ("workflow_status", "operation_outputs", "workflow_output")

    def kept(connection: Connection) -> str:
        return str([connection.execute(select(theirs(connection, name))).all() for name in tables])

    assert "MRN" not in await database.read(kept)


async def test_two_steps_of_one_name_are_a_fault(database: Database, launch: Launch) -> None:
    async def body(steps: Steps, key: str) -> None:
        del key
        await steps.run("probe", nothing)
        await steps.run("probe", nothing)

    engine = await launch({"twice": body})
    await database.write(engine.start("twice", "a"))
    assert await engine.wait("twice", "a", seconds=LONG)
    (failure,) = await engine.failed()
    assert failure.error.startswith("ValueError at workflow/engine.py:")


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
