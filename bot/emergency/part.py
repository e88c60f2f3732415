"""Break-glass, stop-all and their reviews, wired as one part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

from bot.api import BreakGlass, Glass, Halts, ReviewTasks, StopAll
from bot.emergency.breaking import GlassDesk
from bot.emergency.glass import LiveGlass
from bot.emergency.reviews import Reviewing, TaskDesk
from bot.emergency.standing import Standing
from bot.emergency.stopping import Roles, StopDesk

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    from bot.emergency.channels import Channels
    from bot.ports import Clock, Directory, Ledger, Notices
    from bot.ports.control import WorkingDays
    from bot.stores import DeployStore, Grants, HaltStore, Tasks

LATE_SECONDS: Final = 30
GLASS_SECONDS: Final = 3
STANDING_SECONDS: Final = 20


class Rules(Reviewing, Roles, Protocol):
    """The policies, as far as an emergency asks them."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What an emergency keeps, and looks up."""

    grants: Grants
    halts: HaltStore
    tasks: Tasks
    deploys: DeployStore


@dataclass(frozen=True, kw_only=True)
class Emergency:
    """Everything of an emergency; `glass` and `halts` are what policies and gates ask."""

    reviews: TaskDesk
    glass: LiveGlass
    breaking: GlassDesk
    stopping: StopDesk
    halts: HaltStore
    channels: Channels
    standing: Standing

    @classmethod
    def made(
        cls,
        kept: Kept,
        rules: Rules,
        people: Directory,
        channels: Channels,
        days: WorkingDays,
        *,
        ledger: Ledger,
        notices: Notices,
        clock: Clock,
        is_strict: bool,
    ) -> Self:
        """Wire it; nothing is started."""
        live = LiveGlass(kept.grants, clock)
        return cls(
            reviews=TaskDesk(
                tasks=kept.tasks,
                policies=rules,
                channels=channels,
                ledger=ledger,
                notices=notices,
                clock=clock,
            ),
            glass=live,
            breaking=GlassDesk(
                grants=kept.grants,
                live=live,
                tasks=kept.tasks,
                halts=kept.halts,
                days=days,
                channels=channels,
                ledger=ledger,
                notices=notices,
                clock=clock,
                is_strict=is_strict,
            ),
            stopping=StopDesk(
                halts=kept.halts,
                deploys=kept.deploys,
                directory=people,
                policies=rules,
                channels=channels,
                notices=notices,
                clock=clock,
            ),
            halts=kept.halts,
            channels=channels,
            standing=Standing(kept.halts, kept.grants, kept.tasks, clock),
        )

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {
            BreakGlass: self.breaking,
            Glass: self.glass,
            Halts: self.halts,
            ReviewTasks: self.reviews,
            StopAll: self.stopping,
        }

    async def watch(self, scheduler: AsyncIOScheduler) -> None:
        """Go on looking at what ends, and at what is late, by itself."""
        await self.glass.refresh()
        await self.standing.look()
        for look, seconds in (
            (self.breaking.look, GLASS_SECONDS),
            (self.reviews.look, LATE_SECONDS),
            (self.standing.look, STANDING_SECONDS),
        ):
            scheduler.add_job(look, "interval", seconds=seconds, max_instances=1)
