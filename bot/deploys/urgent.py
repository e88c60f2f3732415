"""What a deploy under a break-glass is besides: an emergency change, with its review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model import NewTask, Task, TaskKind

if TYPE_CHECKING:
    from bot.api import Caller, Wanted
    from bot.model import Change
    from bot.ports import Clock, Effect, Glass, Grant
    from bot.ports.control import WorkingDays
    from bot.stores import Tasks

REVIEWED_IN: Final = 2
"""Working days until the review of an emergency change is due."""


@dataclass(frozen=True)
class Urgent:
    """Knows under which break-glass somebody deploys."""

    glass: Glass
    tasks: Tasks
    days: WorkingDays
    clock: Clock

    def grant(self, wanted: Wanted, caller: Caller) -> Grant | None:
        """Return the break-glass that covers this deploy, or None."""
        grant = self.glass.now(caller.principal.id, self.clock.now())
        covers = grant is not None and grant.service == wanted.service.id
        return grant if covers else None

    def review(self, change: Change, caller: Caller) -> Effect[Task]:
        """Open the review that an emergency change has to have."""
        return self.tasks.open(
            NewTask(
                kind=TaskKind.EMERGENCY_CHANGE_REVIEW,
                about=change.number,
                subject=caller.principal.id,
                due=self.days.later(self.clock.now(), REVIEWED_IN),
                service=change.service,
                correlation=caller.correlation,
            )
        )
