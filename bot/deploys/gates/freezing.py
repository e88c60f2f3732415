"""Nothing is deployed into a freeze, or outside of its maintenance windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.calendars.words import as_typed, held
from bot.errors import Refused
from bot.model import ChangeType, Reason
from bot.ports import Touched

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.deploys.gates.gate import Asked, Shown
    from bot.ports import ChangeTickets, Clock, Freeze, Freezes, Glass, Grant

PASSED: Final = "Freeze passed by break-glass"


@dataclass(frozen=True)
class Freezing:
    """Asks the freeze calendar, for the type of change that the deploy is.

    A break-glass in force passes the rules that have an exception for it, and no others.
    """

    freezes: Freezes
    changes: ChangeTickets
    clock: Clock
    glass: Glass | None = None

    async def __call__(self, asked: Asked) -> Shown | None:
        """Refuse while it is closed, naming each rule, its owner, its end and its exceptions.

        Returns the freezes that a break-glass passes.
        """
        wanted = asked.wanted
        at = asked.at(self.clock.now())
        touched = Touched(wanted.service.id, wanted.environment, await self._type(asked))
        found = await self.freezes.active(touched, at)
        grant = self._glass(asked)
        passed = [freeze for freeze in found if grant and freeze.is_for_break_glass]
        held_by = [freeze for freeze in found if freeze not in passed]
        if held_by:
            opens = await self.freezes.opens(touched, at)
            raise Refused(Reason.FROZEN, self._sentence(asked, held_by, opens))
        if grant is None or not passed:
            return None
        named = ", ".join(f"`{freeze.name}` of {freeze.owner}" for freeze in passed)
        return ((PASSED, f"{named}, under {grant.id} for {grant.incident}"),)

    async def _type(self, asked: Asked) -> ChangeType:
        """Return the type of the change that is named, or of the one that will be opened."""
        number = asked.wanted.change
        change = await self.changes.show(number) if number else None
        if change is not None:
            return change.type
        return ChangeType.EMERGENCY if self._glass(asked) else ChangeType.NORMAL

    def _glass(self, asked: Asked) -> Grant | None:
        """Return the break-glass that the deploy is made under: its person's, for that service."""
        person = asked.deploy.requester if asked.deploy else asked.wanted.requester
        if self.glass is None or not person:
            return None
        grant = self.glass.now(person, self.clock.now())
        covers = grant is not None and grant.service == asked.wanted.service.id
        return grant if covers else None

    def _sentence(self, asked: Asked, found: Sequence[Freeze], opens: datetime | None) -> str:
        wanted = asked.wanted
        where = f"{wanted.environment} of {wanted.service.id}"
        said = " ".join(held(freeze, where) for freeze in found)
        then = f"`freeze next {wanted.service.id} {wanted.environment}` says when it is open."
        if opens is None or not wanted.version:
            return f"{said} {then}"
        at = as_typed(opens, self.freezes.zone(wanted.service.id))
        return f'{said} {then} `--at "{at}"` with the same words deploys it then.'
