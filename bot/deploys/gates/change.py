"""A change that is named has to be open, for the same target, and its window has to be now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import Refused
from bot.model import ChangeState, Reason
from bot.moments import written

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked
    from bot.ports import ChangeTickets, Clock

OPEN_STATES = {
    ChangeState.NEW,
    ChangeState.AWAITING_APPROVAL,
    ChangeState.SCHEDULED,
    ChangeState.IMPLEMENT,
}


@dataclass(frozen=True)
class OpenChange:
    """Asks the change register."""

    changes: ChangeTickets
    clock: Clock

    async def __call__(self, asked: Asked) -> None:
        """Refuse where the named change does not cover this deploy."""
        wanted = asked.wanted
        if not wanted.change:
            return
        change = await self.changes.show(wanted.change)
        now = self.clock.now()
        if change is None:
            problem = "does not exist"
        elif change.state not in OPEN_STATES:
            problem = f"is {change.state.value}"
        elif (change.service, change.environment) != (wanted.service.id, wanted.environment):
            problem = f"is for {change.environment} of {change.service}"
        elif not change.window_start <= now <= change.window_end:
            problem = (
                f"has its window from {written(change.window_start)} to "
                f"{written(change.window_end)}, which is not now"
            )
        else:
            return
        raise Refused(
            Reason.CHANGE_REQUIRED,
            f"{wanted.change} {problem}. Name an open change, or none to have one opened.",
        )
