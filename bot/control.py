"""What stands between a deploy that is asked for and its trigger, wired as one part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import freezes
from bot.api import ReviewTasks
from bot.deploys.gates import Gate
from bot.deploys.gates.change import OpenChange
from bot.deploys.gates.freezing import Freezing
from bot.deploys.gates.green import Green
from bot.deploys.gates.locking import Locking
from bot.dispatch.authorise import Policies
from bot.emergency.reviews import TaskDesk
from bot.emergency.working_days import WeekDays
from bot.model import Place
from bot.ports import Catalogue, ChangeTickets, Ci, Clock, Freezes, Ledger, Notices
from bot.ports.control import WorkingDays
from bot.settings import Settings
from bot.storage.database import Database
from bot.stores import DeployStore, Tasks

LATE_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Around:
    """What is there already when control is made; each part takes what it needs."""

    database: Database
    tasks: Tasks
    policies: Policies
    estate: Catalogue
    ledger: Ledger
    notices: Notices


@dataclass(frozen=True, kw_only=True)
class Control:
    """The gates of a deploy, and what they and the policies ask."""

    gates: Sequence[Gate]
    freezes: Freezes
    reviews: TaskDesk
    working_days: WorkingDays

    @classmethod
    def made(
        cls,
        settings: Settings,
        deploys: DeployStore,
        changes: ChangeTickets,
        ci: Ci,
        clock: Clock,
        *,
        around: Around,
    ) -> Self:
        """Wire what the settings ask for; nothing is started."""
        calendar = freezes.load(settings.calendars)
        gates: tuple[Gate, ...] = (
            Freezing(calendar, clock),
            Locking(deploys),
            Green(ci),
            OpenChange(changes, clock),
        )
        reviews = TaskDesk(
            tasks=around.tasks,
            policies=around.policies,
            catalogue=around.estate,
            ledger=around.ledger,
            notices=around.notices,
            clock=clock,
            security=place_of(settings.channels.get("security", "")),
        )
        return cls(gates=gates, freezes=calendar, reviews=reviews, working_days=WeekDays())

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {
            Freezes: self.freezes,
            ReviewTasks: self.reviews,
            WorkingDays: self.working_days,
        }

    async def watch(self, scheduler: AsyncIOScheduler) -> None:
        """Go on looking at what changes by itself."""
        scheduler.add_job(self.reviews.look, "interval", seconds=LATE_SECONDS, max_instances=1)


def place_of(channel: str) -> Place | None:
    """Return the place of a channel as settings write it, None for ""."""
    platform, _, name = channel.partition(":")
    return Place(platform, name) if name else None
