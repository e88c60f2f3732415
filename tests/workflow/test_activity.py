"""How what runs comes to rest."""

from __future__ import annotations

import asyncio
import contextlib

from bot.workflow.activity import Activity


async def test_a_run_that_swallowed_its_cancellation_is_ended_all_the_same() -> None:
    activity, began = Activity(), asyncio.Event()

    async def run() -> None:
        began.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)
        await activity.pass_or_park()

    task = asyncio.create_task(run())
    activity.runs.add(task)
    task.add_done_callback(activity.runs.discard)
    await began.wait()
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await activity.stop(0)
    assert task.cancelled()
