"""A normal change of production meets no other one, of the service or of what depends on it.

Unless it is named: `--despite CHG-7`, which the record keeps with the reason. Emergency changes and
rollbacks meet whatever they must; a standard change was looked at when its template was authorised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.api.changes import overlapping
from bot.deploys.gates.gate import Moment, Shown
from bot.errors import Refused
from bot.model import ChangeType, Reason

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked
    from bot.ports import ChangeTickets, Clock, Glass
    from bot.ports.changes import Overlaps

PRODUCTION: Final = "production"
LENGTH: Final = timedelta(hours=1)
"""How long a deploy that opens its own change is taken to be under way."""


@dataclass(frozen=True)
class Overlapping:
    """Asks for what else is changed then; asked with the request, not again at the trigger."""

    overlaps: Overlaps
    changes: ChangeTickets
    clock: Clock
    glass: Glass | None = None

    async def __call__(self, asked: Asked) -> Shown | None:
        """Refuse while something else is in the way, naming its number, owner and window."""
        wanted = asked.wanted
        if asked.moment is Moment.TRIGGER or wanted.rollback_of:
            return None
        change = await self.changes.show(wanted.change) if wanted.change else None
        if self._is_emergency(asked) or (change and change.type is not ChangeType.NORMAL):
            return None
        start = asked.at(self.clock.now())
        end = start + LENGTH
        apart = set(wanted.despite)
        if change is not None:
            start, end = change.window_start, change.window_end
            apart |= {change.number, *change.despite}
        found = await self.overlaps.found(wanted.service.id, wanted.environment, start, end, apart)
        if not found:
            return None
        said = "; ".join(map(overlapping, found))
        if wanted.environment != PRODUCTION:
            return (("At the same time", said),)
        names = ",".join(one.number for one in found)
        raise Refused(
            Reason.LOCKED,
            f"Something else is changed at the same time: {said}. Wait for it, talk to its owner, "
            f"or add `--despite {names}`; the record keeps that and your reason.",
        )

    def _is_emergency(self, asked: Asked) -> bool:
        """Say whether it is asked for under a break-glass that is in force."""
        wanted = asked.wanted
        if self.glass is None or not wanted.requester:
            return False
        grant = self.glass.now(wanted.requester, self.clock.now())
        return grant is not None and grant.service == wanted.service.id
