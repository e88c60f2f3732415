"""A register whose tickets are with a played vendor, with what may die on the way."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bot.dispatch.foreign import guarded
from bot.dispatch.outbound import masked
from bot.model import ChangeResult, Draft, Event, NewChange
from bot.notices import TopicNotices
from bot.ports import Recorded
from bot.storage.changes import ChangeRegister
from bot.storage.deploys import SqlDeploys
from bot.storage.letters import SqlLetters
from bot.storage.tickets import SqlTickets
from bot.storage.topics import SqlTopics
from bot.tickets.follower import Follower
from bot.tickets.hearing import Hearing
from tests.contracts.ticket_vendors import Desk, played
from tests.databases import NOON, FixedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.model import Change
    from bot.ports import Drafting, Effect, TicketSystem
    from bot.storage.database import Database

NEW = NewChange(
    service="lab-results",
    environment="production",
    summary="Deploy lab-results 1.4.2",
    requester="engineer",
    backout="rollback",
)


class Killed(BaseException):
    """The process is gone, at this very moment."""


@dataclass
class Log:
    """A log that applies what it is given in one transaction, and may die before one."""

    database: Database
    drafts: list[Draft] = field(default_factory=list)
    dies_at: int | None = None

    async def append(self, draft: Drafting, *effects: Effect[object]) -> Recorded:
        """Apply the effects and remember the draft."""
        if self.dies_at == len(self.drafts):
            raise Killed
        results = await self.database.write(lambda tx: tuple(effect(tx) for effect in effects))
        self.drafts.append(draft if isinstance(draft, Draft) else draft(results))
        return Recorded(Event(len(self.drafts), NOON, b"", b"", {}), results)


class Dying:
    """Something at one of whose methods we die: before or after what is asked for was done."""

    def __init__(self, inner: object, method: str, *, after: bool) -> None:
        self._inner, self._method, self._after = inner, method, after

    def __getattr__(self, name: str) -> Any:
        """Return what is there, deadly where it is the method."""
        found = getattr(self._inner, name)
        if name != self._method:
            return found

        async def dying(*given: object, **named: object) -> object:
            if self._after:
                await found(*given, **named)
            raise Killed

        return dying


@dataclass
class House:
    """A register, a follower and a clock."""

    database: Database
    clock: FixedClock
    register: ChangeRegister
    tickets: SqlTickets
    system: TicketSystem
    ledger: Log

    def follower(self, system: TicketSystem | None = None) -> Follower:
        """Return a follower as it is after a start."""
        kept = self.tickets, self.register
        asked = system or self.system
        stores = SqlTopics(self.database), SqlLetters(self.database)
        deploys, notices = SqlDeploys(self.database), TopicNotices(*stores, self.clock, masked)
        hearing = Hearing(asked.name, *kept, deploys, self.ledger, notices)
        return Follower(asked, *kept, hearing, self.clock)

    async def open(self, **over: object) -> Change:
        """Open a change."""
        new = replace(NEW, **over)  # type: ignore[arg-type] # its fields are of several types
        return await self.database.write(self.register.open(new))

    async def link(self, number: str, **links: object) -> Change:
        """Link a change."""
        return await self.database.write(self.register.link(number, **links))  # type: ignore[arg-type] # as above

    async def close(self, number: str) -> Change:
        """Close a change as successful."""
        effect = self.register.close(number, ChangeResult.SUCCESSFUL, "done")
        return await self.database.write(effect)

    async def settle(self, rounds: int = 6, **ahead: float) -> None:
        """Have a follower look several times, a while apart."""
        follower = self.follower()
        for _ in range(rounds):
            await follower.round()
            self.clock.turn(**(ahead or {"seconds": 61}))


@asynccontextmanager
async def housed(name: str, database: Database) -> AsyncIterator[tuple[House, Desk]]:
    """Give a house whose tickets are with a played vendor."""
    async with played(name).playing() as (system, desk):
        clock = FixedClock()
        tickets = SqlTickets(database, clock, system.name)
        register = ChangeRegister(database, clock, tickets)
        ledger = Log(database)
        yield House(database, clock, register, tickets, guarded(system), ledger), desk
