"""What stands between a deploy that is asked for and its trigger, wired as one part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import freezes
from bot.deploys.gates import Gate
from bot.deploys.gates.change import OpenChange
from bot.deploys.gates.freezing import Freezing
from bot.deploys.gates.green import Green
from bot.deploys.gates.locking import Locking
from bot.ports import ChangeTickets, Ci, Clock, Freezes
from bot.settings import Settings
from bot.stores import DeployStore


@dataclass(frozen=True, kw_only=True)
class Control:
    """The gates of a deploy, and what they and the policies ask."""

    gates: Sequence[Gate]
    freezes: Freezes

    @classmethod
    def made(
        cls,
        settings: Settings,
        deploys: DeployStore,
        changes: ChangeTickets,
        ci: Ci,
        clock: Clock,
    ) -> Self:
        """Wire what the settings ask for; nothing is started."""
        calendar = freezes.load(settings.calendars)
        gates: tuple[Gate, ...] = (
            Freezing(calendar, clock),
            Locking(deploys),
            Green(ci),
            OpenChange(changes, clock),
        )
        return cls(gates=gates, freezes=calendar)

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {Freezes: self.freezes}

    async def watch(self, scheduler: AsyncIOScheduler) -> None:
        """Go on looking at what changes by itself."""
