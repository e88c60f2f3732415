"""Brings a vendor's tickets to where our changes are: durably, each ticket once, newest state wins.

A row waits until its ticket shows the change's newest revision. A ticket is asked for once; while
the answer to that is not known, it is looked up by the id that we made beforehand, for as long as
the vendor may take to show it, before it is ever asked for again. A vendor that does not answer is
asked less and less often; what it refuses is tried for a day and then given up, visibly.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.dispatch.outbound import masked_value
from bot.errors import (
    AuditUnavailable,
    Conflict,
    IntegrationError,
    Rejected,
    StoreFailed,
    Throttled,
)
from bot.model import Change, ChangeState
from bot.moments import written

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.model import Ticket
    from bot.ports import ChangeTickets, Clock, TicketSystem
    from bot.stores import Following, Tickets
    from bot.tickets.hearing import Hearing

LOG = structlog.get_logger(__name__)
LEASE: Final = timedelta(seconds=180)  # longer than all that is asked for one ticket may take
LOOK: Final = 5.0  # seconds between two looks at the store where nothing asks for one
POLL: Final = timedelta(seconds=60)  # between two reads of the ticket of an open change
MOST: Final = 20  # tickets of one round
LONGEST: Final = 100  # characters of a ticket's number
AGAIN: Final = timedelta(seconds=10)  # between two look-ups of a ticket that may have been made
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds between two tries at a silent vendor
FIRST_DELAY, LONGEST_DELAY = 15.0, 3600.0  # seconds between two tries at what was refused
KEPT: Final = timedelta(days=1)  # what is refused for so long is given up
DOWN: Final = timedelta(minutes=2)  # without an answer, until that is said
ENDED: Final = frozenset({ChangeState.CLOSED, ChangeState.CANCELLED})


@dataclass
class Follower:
    """The one that asks the vendor; several of them may share a store."""

    system: TicketSystem
    tickets: Tickets
    changes: ChangeTickets
    hearing: Hearing
    clock: Clock

    def __post_init__(self) -> None:
        """Begin with a vendor that is well."""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._silent_since: datetime | None = None
        self._resume: datetime | None = None
        self._failures = 0
        self._why = ""
        self._given_up = 0
        self._heard: set[str] = set()

    def start(self) -> None:
        """Begin to bring what waits."""
        self._task = asyncio.create_task(self._run())

    async def close(self, grace: float = 5.0) -> None:
        """Stop after what is under way; the rest is brought by the next start."""
        self._closing = True
        self.nudge()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def nudge(self) -> None:
        """Look now: something may wait."""
        self._wake.set()

    def hear(self, numbers: Collection[str]) -> int:
        """Read these tickets soon, which the vendor has told us about; return how many.

        It is a reason to look, and is never believed. More than may be due is left to the polling.
        """
        new = [number[:LONGEST] for number in numbers][: max(0, MOST - len(self._heard))]
        self._heard.update(new)
        self.nudge()
        return len(new)

    @property
    def trouble(self) -> str:
        """Return what is wrong with the vendor or its tickets in one sentence, "" for nothing."""
        since = self._silent_since
        if since is not None and self.clock.now() - since >= DOWN:
            return f"no answer since {written(since)}: {self._why}"
        if self._given_up:
            return f"{self._given_up} tickets were refused and given up; `outbox list` names them"
        return ""

    async def _run(self) -> None:
        try:
            await self.tickets.revive(self.clock.now())
        except StoreFailed:
            LOG.exception("given-up tickets are tried again with the next start")
        while not self._closing:
            self._wake.clear()
            try:
                await self.round()
            except (AuditUnavailable, StoreFailed):
                LOG.warning("tickets follow once the database can be written")
            except Exception:
                LOG.exception("tickets could not be followed")
            try:
                async with asyncio.timeout(LOOK):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def round(self) -> None:
        """Bring what waits and read what is due, as far as the vendor answers."""
        now = self.clock.now()
        _, self._given_up = await self.tickets.count()
        heard, self._heard = self._heard, set()
        if heard:
            await self.tickets.sooner(heard, now)
        for row in await self.tickets.waiting(now, limit=MOST):
            if not self._may_ask():
                return
            await self._one(row, bring=True)
        for row in await self.tickets.to_read(now, limit=MOST):
            if not self._may_ask():
                return
            await self._one(row, bring=False)

    def _may_ask(self) -> bool:
        return not self._closing and (self._resume is None or self._resume <= self.clock.now())

    async def _one(self, row: Following, *, bring: bool) -> None:
        taken = await self.tickets.take(row, self.clock.now() + LEASE)
        if taken is None:
            return
        try:
            await (self._bring(taken) if bring else self._read(taken, row.due))
        except Conflict:
            LOG.info("another replica has the ticket", change=row.change)
        except Rejected as error:
            self._answered()
            await self._refused(taken, error)
        except IntegrationError as error:
            await self._silent(taken, error)
        except (AuditUnavailable, StoreFailed):
            raise
        except Exception as error:  # noqa: BLE001 - the worker's edge: the others go on
            kind = type(error).__name__  # its words may quote the change
            LOG.error("a ticket could not be followed", change=row.change, error=kind)  # noqa: TRY400 - its trace may, too
            await self._refused(taken, Rejected(f"Wardroom itself failed ({kind})."))
        else:
            self._answered()

    async def _bring(self, row: Following) -> None:
        change = await self._change(row)
        if not row.number:
            opened = await self._opened(row, change)
            if opened is None:
                return
            row = opened
        end = change.state in ENDED
        ask = self.system.close if end else self.system.update
        ticket = await ask(row.number, change)
        now = self.clock.now()
        row = replace(_well(row), shown=row.revision, look=now + POLL)
        await self.hearing.heard(row, ticket, due=now)

    async def _opened(self, row: Following, change: Change) -> Following | None:
        """Find the ticket or ask for it; None while it is not known whether it exists."""
        ticket = await self.system.find(row.correlation)
        if ticket is None:
            if await self._wait(row):
                return None
            ticket = await self._ask(row, change)
        if ticket is None:
            return None
        current = await self.tickets.of(row.change)
        return await self.hearing.opened(_well(current or row), ticket, due=row.due)

    async def _wait(self, row: Following) -> bool:
        """Say whether a ticket that was asked for may still turn up over there."""
        now = self.clock.now()
        if row.sent is None or now >= row.sent + self.system.settles:
            return False
        until = written(row.sent + self.system.settles)
        why = f"whether it was opened there is not known; it is looked for until {until}"
        await self.tickets.save(replace(row, trouble=why), now + AGAIN)
        return True

    async def _ask(self, row: Following, change: Change) -> Ticket | None:
        # That it is sent is noted first: from here on, no answer means that it may be there.
        sent = await self.tickets.save(replace(row, sent=self.clock.now()), row.due)
        if sent is None:
            return None
        try:
            return await self.system.create(change, row.correlation)
        except (Rejected, Throttled):
            await self.tickets.save(replace(sent, sent=None), row.due)
            raise

    async def _read(self, row: Following, due: datetime) -> None:
        change, now = await self._change(row), self.clock.now()
        ticket, is_late = await self.system.read(row.number), row.shown < row.revision
        if not is_late and (ticket.state, ticket.approval) != (row.state, row.approval):
            # Somebody moved it: what was not possible before may be now.
            ticket = await self.system.update(row.number, change)
        row = replace(row if is_late else _well(row), look=now + POLL)
        await self.hearing.heard(row, ticket, due=max(now, due))

    async def _change(self, row: Following) -> Change:
        """Return the change as it may leave the house."""
        change = await self.changes.show(row.change)
        if change is None:
            raise LookupError(f"{row.change} is not in the register")
        clean: Change = masked_value(change)
        return clean

    async def _refused(self, taken: Following, error: Rejected) -> None:
        row, now = await self.tickets.of(taken.change), self.clock.now()
        if row is None:
            return
        LOG.warning("a ticket was refused", change=row.change, why=error.text)
        since = row.since or now
        wait = min(FIRST_DELAY * 2**row.tries, LONGEST_DELAY)
        failed = replace(
            row,
            tries=row.tries + 1,
            since=since,
            trouble=error.text,
            look=now + POLL,
            is_dead=now - since >= KEPT,
        )
        # Only for who has it still: the lease that was taken is part of what is compared.
        await self.tickets.save(replace(failed, due=taken.due), now + timedelta(seconds=wait))

    async def _silent(self, taken: Following, error: IntegrationError) -> None:
        now = self.clock.now()
        wait: float
        if isinstance(error, Throttled):
            self._answered()
            wait = error.seconds
        else:
            self._silent_since = self._silent_since or now
            self._failures += 1
            wait = min(FIRST_WAIT * 2 ** (self._failures - 1), LONGEST_WAIT)
            wait *= random.uniform(0.75, 1.0)  # noqa: S311 - so that replicas do not ask in step
        self._why, self._resume = error.text, now + timedelta(seconds=wait)
        row = await self.tickets.of(taken.change)
        if row is not None:
            late = replace(row, trouble=error.text, due=taken.due)
            await self.tickets.save(late, self._resume)

    def _answered(self) -> None:
        self._silent_since, self._resume, self._failures, self._why = None, None, 0, ""


def _well(row: Following) -> Following:
    return replace(row, tries=0, since=None, trouble="", is_dead=False)
