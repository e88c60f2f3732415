"""Deadlines: one timer for many waits, and each of them is kept."""

from __future__ import annotations

import asyncio

from bot.background import soon
from bot.deadlines import Deadlines


async def test_what_is_late_is_told_in_the_order_of_its_beginning() -> None:
    loop, deadlines, told = asyncio.get_running_loop(), Deadlines(), list[int]()
    waits = [loop.create_future() for _ in range(5)]
    for number, wait in enumerate(waits):
        deadlines.add(loop, 0.01, wait, lambda number=number: told.append(number))  # type: ignore[misc] # mypy cannot infer a default's type
    waits[1].set_result(None)
    waits[3].cancel()
    await asyncio.sleep(0.05)
    assert told == [0, 2, 4]


async def test_a_line_that_was_empty_serves_the_next_wait() -> None:
    loop, deadlines, told = asyncio.get_running_loop(), Deadlines(), list[str]()
    first = loop.create_future()
    deadlines.add(loop, 0.01, first, lambda: told.append("first"))
    first.set_result(None)
    await asyncio.sleep(0.03)
    second = loop.create_future()
    deadlines.add(loop, 0.01, second, lambda: told.append("second"))
    await asyncio.sleep(0.03)
    assert told == ["second"]


async def test_a_shorter_deadline_does_not_wait_behind_a_longer_one() -> None:
    loop, deadlines, told = asyncio.get_running_loop(), Deadlines(), list[str]()
    deadlines.add(loop, 60, loop.create_future(), lambda: told.append("long"))
    deadlines.add(loop, 0.01, loop.create_future(), lambda: told.append("short"))
    await asyncio.sleep(0.03)
    assert told == ["short"]


async def test_what_comes_in_time_is_returned_and_what_does_not_goes_on() -> None:
    async def work(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "done"

    quick, slow = asyncio.create_task(work(0)), asyncio.create_task(work(0.05))
    assert await soon(quick, 10) == "done"
    assert await soon(slow, 0.01) is None
    assert not slow.done()
    assert await slow == "done"
    assert await soon(slow, 0) == "done"
