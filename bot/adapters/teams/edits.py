"""Edits messages in place no faster than Teams takes it; the newest text of a message wins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bot.adapters.teams.tasks import described
from bot.errors import IntegrationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.model import Place, Reply

LOG = structlog.get_logger(__name__)
# Teams takes 60 messages and edits in 30 s per conversation, everybody's together (§2.2).
SPACING = 3.0  # seconds between two edits in one conversation


class Edits:
    """One queue per conversation, at most one entry per message, a task while it is not empty.

    `send(place, ref, reply)` makes one edit; `sleep(seconds)` waits between two.
    """

    def __init__(
        self,
        send: Callable[[Place, str, Reply], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._send, self._sleep = send, sleep
        self._waiting: dict[str, dict[tuple[Place, str], Reply]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}

    def put(self, place: Place, ref: str, reply: Reply) -> None:
        """Have the message show this reply soon, unless a newer one comes first."""
        queue = self._waiting.setdefault(place.channel, {})
        queue[(place, ref)] = reply
        if place.channel not in self._workers:
            self._workers[place.channel] = asyncio.create_task(self._work(place.channel, queue))

    async def close(self, grace: float) -> None:
        """Make the edits that wait, for at most `grace` seconds, then stop."""
        workers = list(self._workers.values())
        if workers:
            await asyncio.wait(workers, timeout=grace)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, channel: str, queue: dict[tuple[Place, str], Reply]) -> None:
        try:
            while queue:
                place, ref = next(iter(queue))
                await self._show(place, ref, queue.pop((place, ref)))
                await self._sleep(SPACING)
        finally:
            # Nothing is awaited between the last look at the queue and this.
            del self._workers[channel], self._waiting[channel]

    async def _show(self, place: Place, ref: str, reply: Reply) -> None:
        try:
            await self._send(place, ref, reply)
        except IntegrationError as error:
            LOG.warning("a message was not edited in Teams", why=error.text)
        except Exception as error:  # noqa: BLE001 - a worker's edge: the next edit is still made
            LOG.error("a message was not edited in Teams", error=described(error))  # noqa: TRY400 - a traceback quotes bodies
