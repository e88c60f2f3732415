"""A change that falls into a blackout of the hospital's ticket system is not deployed.

That system is asked anew at every moment that gates are asked. What it cannot tell is said as
unknown, never as free: a blackout that was known before holds until it is told that there is none.
An emergency change passes, and so does whoever has broken the glass; that is said and recorded.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bot.deploys.gates.gate import Moment
from bot.deploys.journal import correlation
from bot.errors import IntegrationError, Refused
from bot.model import ChangeType, Draft, Kind, Reason, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.deploys.gates.gate import Asked, Shown
    from bot.model import Change
    from bot.ports import ChangeTickets, Clock, Glass, Ledger, TicketSystem
    from bot.stores import Following, TicketReader

CALENDARS: Final = "Calendars of the ticket system"
VERB: Final = "deploy ticket calendars"
PATIENCE: Final = 10.0  # seconds for the system's answer


@dataclass(frozen=True)
class Strict:
    """What refuses beside a blackout: a window outside of maintenance, and not knowing."""

    outside: bool = False
    unknown: bool = False


@dataclass(frozen=True)
class Told:
    """What the system says of a ticket's window; `unknown` is why it is not known, "" if it is."""

    kinds: Sequence[str]
    unknown: str = ""

    @property
    def blackouts(self) -> Sequence[str]:
        """Return the kinds of blackout that it falls into."""
        return [kind for kind in self.kinds if kind.endswith(Ticket.BLACKOUT)]

    @property
    def is_outside(self) -> bool:
        """Say whether it is outside of a maintenance window."""
        return any(kind.endswith(Ticket.OUTSIDE) for kind in self.kinds)

    @property
    def is_free(self) -> bool:
        """Say whether it is known that nothing is in the way."""
        return not (self.unknown or self.blackouts or self.is_outside)

    def said(self, ticket: str) -> str:
        """Return it in one line."""
        if self.is_free:
            return f"{ticket}: no blackout, not outside of a maintenance window"
        kinds = [*self.blackouts, *((Ticket.OUTSIDE,) if self.is_outside else ())]
        found = ", ".join(kinds).replace("_", " ")
        if not self.unknown:
            return f"{ticket}: {found}"
        known = f"; before that: {found}" if found else ""
        return f"{ticket}: not known now, which is not free ({self.unknown}){known}"


@dataclass(frozen=True, kw_only=True)
class Blackouts:
    """Asks the ticket system about the ticket of the deploy's change; nothing without one."""

    system: TicketSystem | None
    tickets: TicketReader
    changes: ChangeTickets
    ledger: Ledger
    clock: Clock
    glass: Glass | None = None
    strict: Strict = field(default_factory=Strict)

    async def __call__(self, asked: Asked) -> Shown | None:
        """Refuse while a blackout is in the way; return what people have to know."""
        number = asked.deploy.change if asked.deploy else asked.wanted.change
        row = await self.tickets.of(number) if number else None
        change = await self.changes.show(number) if row else None
        if self.system is None or row is None or change is None:
            return None
        told = await self._told(self.system, row)
        if told is None:
            return None
        said = told.said(f"{row.system} {row.number}".strip())
        why = self._passes(asked, change)
        held = self._held(told, change, said)
        if held is not None and why:
            said = f"{said}; passed by {why}"
        await self.ledger.append(_draft(asked, number, said))
        if held is not None and not why:
            raise held
        is_news = not told.is_free or asked.moment is Moment.REQUEST
        return ((CALENDARS, said),) if is_news else None

    async def _told(self, system: TicketSystem, row: Following) -> Told | None:
        """Return what the system says now; None where it has no calendars for that ticket."""
        if row.system != system.name:
            return None
        if not row.number:
            return Told((), row.said)
        try:
            async with asyncio.timeout(PATIENCE):
                kinds = await system.conflicts(row.number)
        except TimeoutError:
            return Told(row.conflicts, f"{system.name} did not answer within {PATIENCE:.0f} s")
        except IntegrationError as error:
            return Told(row.conflicts, error.text)
        if kinds is None:
            return None
        return Told(kinds, f"{system.name} did not check it" if Ticket.UNCHECKED in kinds else "")

    def _held(self, told: Told, change: Change, said: str) -> Refused | None:
        if told.blackouts or (told.is_outside and self.strict.outside):
            return Refused(
                Reason.FROZEN,
                f"{change.number} is not to be carried out in its window, says {said}. Have that "
                "settled there, or open a change for another window; an emergency is deployed "
                "under `break-glass` or an emergency change.",
            )
        if told.unknown and self.strict.unknown:
            return Refused(
                Reason.UNAVAILABLE,
                f"Whether {change.number} falls into a blackout is not known: {said}. Ask again "
                f"later; `change ticket {change.number}` says how its ticket stands.",
            )
        return None

    def _passes(self, asked: Asked, change: Change) -> str:
        """Return what lets a deploy pass whatever the calendars say, "" for nothing."""
        if change.type is ChangeType.EMERGENCY:
            return f"the emergency change {change.number}"
        person = asked.deploy.requester if asked.deploy else asked.wanted.requester
        if self.glass is None or not person:
            return ""
        grant = self.glass.now(person, self.clock.now())
        if grant is None or grant.service != asked.wanted.service.id:
            return ""
        return f"{grant.id} for {grant.incident}"


def _draft(asked: Asked, number: str, said: str) -> Draft:
    wanted, deploy = asked.wanted, asked.deploy
    return Draft(
        kind=Kind.SYSTEM,
        verb=VERB,
        correlation=correlation(deploy) if deploy else wanted.correlation,
        person=deploy.requester if deploy else wanted.requester,
        service=wanted.service.id,
        environment=wanted.environment,
        request=deploy.request if deploy else wanted.request,
        deploy=deploy.id if deploy else "",
        change=number,
        params={"moment": asked.moment.value},
        text=said,
    )
