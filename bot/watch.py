"""What probes remember, and who is told where one turns, wired as one part."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.api import ProbeHistory
from bot.emergency.channels import place_of
from bot.errors import StoreFailed
from bot.ground import Ground
from bot.ports import Clock
from bot.probe_settings import Probes
from bot.probing.desk import HistoryDesk
from bot.probing.messages import ChannelTurns
from bot.probing.sampler import Sampler
from bot.probing.telling import Telling
from bot.storage.samples import SqlSamples, SqlWatching

LOG = structlog.get_logger(__name__)
LOOK_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class ProbeWatch:
    """What people ask about former findings, and what asks by itself, None where nothing does."""

    samples: SqlSamples
    desk: HistoryDesk
    sampler: Sampler | None
    settings: Probes
    clock: Clock

    @classmethod
    def made(cls, ground: Ground) -> Self:
        """Wire it; nothing is asked."""
        settings, database, clock = ground.settings.probes, ground.database, ground.clock
        samples, watching = SqlSamples(database), SqlWatching(database)
        place = place_of(settings.channel or "")
        messages = ChannelTurns(ground.notices, ground.stores.letters, clock, place)
        sampler = None
        if settings.every is not None:
            sampler = Sampler(
                prober=ground.outside.prober,
                watching=watching,
                telling=Telling(watching, ground.estate, ground.trail.log, (messages,)),
                estate=ground.estate,
                clock=clock,
                every=settings.every,
                after=settings.after,
            )
        desk = HistoryDesk(samples, ground.control.freezes.zone, clock)
        return cls(samples=samples, desk=desk, sampler=sampler, settings=settings, clock=clock)

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {ProbeHistory: self.desk}

    def watch(self, scheduler: AsyncIOScheduler, stack: AsyncExitStack) -> None:
        """Ask by itself where the settings say so; forget what is old in any case."""
        scheduler.add_job(self.forget, "interval", hours=1, max_instances=1)
        if self.sampler is not None:
            look = self.sampler.look
            scheduler.add_job(look, "interval", seconds=LOOK_SECONDS, max_instances=1)
            stack.push_async_callback(self.sampler.close)

    async def forget(self) -> None:
        """Delete what is older than the settings keep."""
        try:
            await self.samples.forget(self.clock.now() - self.settings.kept)
        except StoreFailed:
            LOG.warning("old findings are kept until the database can be written")
