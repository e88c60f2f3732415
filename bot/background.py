"""Work that goes on after a platform has its answer: counted, waited for, never silent."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Coroutine

LOG = structlog.get_logger(__name__)
T = TypeVar("T")


class Tasks:
    """Every task of the door that still runs."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()

    def begin(self, work: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """Start work; its failure is logged by kind and place, never by its words."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self, grace: float) -> None:
        """Wait for what runs, at most `grace` seconds, then stop it."""
        try:
            async with asyncio.timeout(grace):
                while self._running:
                    await asyncio.wait(self._running)
        except TimeoutError:
            left = list(self._running)
            LOG.warning("answers were not finished when the door closed", count=len(left))
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            LOG.error("work in the background failed", error=described(error))


async def soon(asking: asyncio.Task[T], patience: float) -> T | None:
    """Return what comes within `patience` seconds, or None while the work goes on."""
    if not asking.done():
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()

        def release(_: object = None) -> None:
            if not waiter.done():
                waiter.set_result(None)

        asking.add_done_callback(release)
        timer = loop.call_later(patience, release)
        try:
            await waiter
        finally:
            timer.cancel()
            asking.remove_done_callback(release)
    return asking.result() if asking.done() else None


def described(error: BaseException) -> str:
    """Return what an error is and where it came from; its words may hold a message body."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"
