"""Production is changed under a change record: open, for this target, and its window is now.

When a deploy is asked for, a change may still be on its way to being approved: the deploy's own
request is what approves it. At the trigger it has to have come so far. An emergency change is the
exception (ITIL's emergency path): it is opened at once and reviewed afterwards, so it may be
carried out as soon as it is open and outside of its window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from bot.deploys.gates.gate import Moment
from bot.errors import Refused
from bot.model import ChangeState, ChangeType, Reason
from bot.moments import written

if TYPE_CHECKING:
    from datetime import datetime

    from bot.deploys.gates.gate import Asked
    from bot.model import Change
    from bot.ports import ChangeTickets, Clock, Freezes
    from bot.ports.changes import StandardChanges

PRODUCTION: Final = "production"
UNAPPROVED: Final = frozenset({ChangeState.NEW, ChangeState.AWAITING_APPROVAL})
APPROVED: Final = frozenset({ChangeState.SCHEDULED, ChangeState.IMPLEMENT})
OPEN_STATES: Final = UNAPPROVED | APPROVED


@dataclass(frozen=True)
class OpenChange:
    """Asks the change register."""

    changes: ChangeTickets
    clock: Clock
    templates: StandardChanges | None = None
    freezes: Freezes | None = None

    async def __call__(self, asked: Asked) -> None:
        """Refuse where no change covers this deploy."""
        number = asked.deploy.change if asked.deploy is not None else asked.wanted.change
        if not number:
            self._without(asked)
            return
        change = await self.changes.show(number)
        if change is None:
            raise _refusal(f"{number} does not exist", asked)
        at = asked.at(self.clock.now())
        problem = self.problem(change, asked, at)
        if problem:
            raise _refusal(f"{number} {problem}", asked)
        self._standing(change, asked, at)

    @staticmethod
    def problem(change: Change, asked: Asked, now: datetime) -> str:
        """Return why a change does not cover a deploy, "" where it does."""
        wanted = asked.wanted
        emergency = change.type is ChangeType.EMERGENCY
        target = (wanted.service.id, wanted.environment)
        if change.state not in OPEN_STATES:
            return f"is {change.state.value}"
        if (change.service, change.environment) != target:
            return f"is for {change.environment} of {change.service}"
        if change.version and change.version != wanted.version and not wanted.rollback_of:
            return f"is for version {change.version}"
        if asked.moment is Moment.TRIGGER and not emergency and change.state in UNAPPROVED:
            return "is not approved"
        if not emergency and not change.window_start <= now <= change.window_end:
            start, end = written(change.window_start), written(change.window_end)
            return f"has its window from {start} to {end}, which is not now"
        return ""

    def _standing(self, change: Change, asked: Asked, at: datetime) -> None:
        """Refuse a standard change whose template is not authorised (any more), or not for this."""
        if change.type is not ChangeType.STANDARD or self.templates is None:
            return
        zone = self.freezes.zone(change.service) if self.freezes else ZoneInfo("UTC")
        version = asked.wanted.version
        said = self.templates.standing(change.template, change.service, version, at, zone)
        if said:
            raise Refused(Reason.CHANGE_REQUIRED, f"{change.number} may not be carried out. {said}")

    @staticmethod
    def _without(asked: Asked) -> None:
        # One is opened together with the request; at the trigger it has to be there.
        if asked.moment is Moment.TRIGGER and asked.wanted.environment == PRODUCTION:
            raise _refusal("Production is changed under an open change, and there is none", asked)


def _refusal(what: str, asked: Asked) -> Refused:
    if asked.moment is Moment.TRIGGER:
        hint = "Ask for the deploy again, under an open change or with none named."
    else:
        hint = "Name an open change, or none to have one opened."
    return Refused(Reason.CHANGE_REQUIRED, f"{what}. {hint}")
