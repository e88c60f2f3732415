"""Edits messages in place no faster than Slack takes it; the newest text of a message wins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.adapters.slack.tasks import described
from bot.errors import IntegrationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.model import Reply

LOG = structlog.get_logger(__name__)
SPACING = 1.0  # seconds between two edits in one channel (platforms.md §1.4)


class Edits:
    """One queue per channel, with at most one entry per message, and a task while it is not empty.

    `send(channel, ref, reply)` makes one edit; `sleep(seconds)` waits between two.
    """

    def __init__(
        self,
        send: Callable[[str, str, Reply], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._send, self._sleep = send, sleep
        self._waiting: dict[str, dict[str, Reply]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}

    def put(self, channel: str, ref: str, reply: Reply) -> None:
        """Have the message show this reply soon, unless a newer one comes first."""
        queue = self._waiting.setdefault(channel, {})
        queue[ref] = reply
        if channel not in self._workers:
            self._workers[channel] = asyncio.create_task(self._work(channel, queue))

    async def close(self, grace: float) -> None:
        """Make the edits that wait, for at most `grace` seconds, then stop."""
        workers = list(self._workers.values())
        if workers:
            await asyncio.wait(workers, timeout=grace)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, channel: str, queue: dict[str, Reply]) -> None:
        try:
            while queue:
                ref = next(iter(queue))
                await self._show(channel, ref, queue.pop(ref))
                await self._sleep(SPACING)
        finally:
            # Nothing is awaited between the last look at the queue and this.
            del self._workers[channel], self._waiting[channel]

    async def _show(self, channel: str, ref: str, reply: Reply) -> None:
        try:
            await self._send(channel, ref, reply)
        except IntegrationError as error:
            LOG.warning("a message was not edited in Slack", why=error.text)
        except Exception as error:  # noqa: BLE001 - a worker's edge: the next edit is still made
            LOG.error("a message was not edited in Slack", error=described(error))  # noqa: TRY400 - a traceback quotes bodies
