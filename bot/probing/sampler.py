"""Asks every endpoint by itself, each as often as the settings say, once across replicas."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.api import endpoints
from bot.background import Tasks
from bot.errors import StoreFailed
from bot.probing.turning import moved

if TYPE_CHECKING:
    from bot.model import Endpoint
    from bot.ports import Catalogue, Clock, Prober
    from bot.probing.telling import Telling
    from bot.stores.samples import Watching

LOG = structlog.get_logger(__name__)
AT_ONCE: Final = 16
GRACE: Final = 1.0  # seconds for what is being asked when we stop; a question takes ten at most


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Begins what is due and waits for nobody; a slow one holds one of the places, for 10 s."""

    prober: Prober
    watching: Watching
    telling: Telling
    estate: Catalogue
    clock: Clock
    every: timedelta
    after: int
    _due: dict[str, datetime] = field(default_factory=dict, init=False)
    _tasks: Tasks = field(default_factory=Tasks, init=False)
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict, init=False)
    _places: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False
    )

    async def look(self) -> None:
        """Ask what is due, and tell what has turned."""
        now = self.clock.now()
        for endpoint in endpoints(self.estate):
            running = self._running.get(endpoint.name)
            if self._due.get(endpoint.name, now) <= now and (running is None or running.done()):
                self._due[endpoint.name] = now + self.every
                self._running[endpoint.name] = self._tasks.begin(self._ask(endpoint))
        await self.telling.look()

    async def over(self) -> None:
        """Wait for what is being asked."""
        await asyncio.gather(*self._running.values())

    async def close(self) -> None:
        """Stop asking."""
        await self._tasks.close(GRACE)

    async def _ask(self, endpoint: Endpoint) -> None:
        async with self._places:
            now = self.clock.now()
            try:
                stood = await self.watching.claim(endpoint.name, now, now - self.every)
                if stood is None:
                    return  # another replica has asked it
                found = await self.prober.ask(endpoint)
                await self.watching.put(moved(stood, found, now, self.after))
            except StoreFailed:
                LOG.warning("probes go on once the database can be written", of=endpoint.name)
