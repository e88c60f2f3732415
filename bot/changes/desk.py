"""Opens changes, shows them and their calendar; implements `bot.api.Changes`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.api import ChangeAsked, Done, overlapping
from bot.calendars.typed import Reader
from bot.changes import sheet, ticketing
from bot.changes.asking import PRODUCTION, Sheet, sentence
from bot.changes.templates import Templates, expiring
from bot.changes.week import Week, read_span, table
from bot.errors import BadInput, Incomplete, Refused
from bot.model import (
    Change,
    ChangeType,
    DeployState,
    NewChange,
    NewTask,
    Overlap,
    Reason,
    Reply,
    Table,
    Task,
    TaskKind,
)

if TYPE_CHECKING:
    from bot.api import Caller
    from bot.model import Service
    from bot.ports import Catalogue, ChangeTickets, Clock, Directory, Freezes, Transaction
    from bot.ports.changes import Overlaps
    from bot.ports.control import WorkingDays
    from bot.stores import DeployStore, Requests, Tasks, TicketReader

REVIEWED_IN: Final = 2  # working days, until the review of an emergency change is due
WORKING: Final = frozenset(
    {DeployState.SCHEDULED, DeployState.STARTED, DeployState.VALIDATING, DeployState.UNKNOWN}
)


@dataclass(frozen=True, kw_only=True)
class ChangeDesk:
    """What the commands about changes share; times are read in the service's own zone."""

    changes: ChangeTickets
    standard: Templates
    overlaps: Overlaps
    tasks: Tasks
    deploys: DeployStore
    requests: Requests
    tickets: TicketReader
    people: Directory
    catalogue: Catalogue
    freezes: Freezes
    days: WorkingDays
    clock: Clock

    async def open(self, asked: ChangeAsked, caller: Caller) -> Done:
        """Open a change; `Incomplete` lists everything that is missing or wrong."""
        reader = Reader(self.freezes.zone(asked.service.id), self.clock.now())
        filled = Sheet(asked, reader, self.people)
        new = filled.filled(self.standard)
        if filled.wrong:
            said = sentence(asked.type, asked.environment, filled.wrong)
            raise Incomplete(said, filled.wrong)
        met = await self._overlaps(new)
        requester = caller.principal.id
        new = replace(new, requester=requester, correlation=caller.correlation)

        def opened(tx: Transaction) -> tuple[Change, Task | None]:
            change = self.changes.open(new)(tx)
            return change, self._review(change, tx)

        return Done((opened,), lambda results: sheet.opened(*_opened(results[0]), met))

    async def show(self, number: str) -> Reply:
        """Return a change with its links, approvals, probe results and validation."""
        change = await self.changes.show(number)
        if change is None:
            raise not_found(number)
        deploy = await self.deploys.show(change.deploy) if change.deploy else None
        request = await self.requests.show(change.request) if change.request else None
        tasks = await self.tasks.list(about=number, open_only=False)
        return sheet.shown(change, deploy, request, tasks, await self.tickets.of(number))

    async def ticket(self, number: str) -> Reply:
        """Return how the ticket of a change stands; BadInput where there is no such change."""
        if await self.changes.show(number) is None:
            raise not_found(number)
        return ticketing.shown(number, await self.tickets.of(number), self.clock.now())

    async def retry(self, number: str) -> Done:
        """Have the ticket of a change tried again now; BadInput where there is none."""
        if await self.changes.show(number) is None:
            raise not_found(number)
        row = await self.tickets.of(number)
        if row is None:
            raise BadInput(ticketing.without(number), reason=Reason.NOT_FOUND)
        again = self.tickets.retry(number)
        return Done((again,), lambda results: ticketing.retried(row, again=bool(results[0])))

    async def given_up(self) -> Sequence[str]:
        """Return the changes whose tickets are not tried any more."""
        return [row.change for row in await self.tickets.given_up()]

    def templates(self) -> Reply:
        """Return the templates of standard changes, by when they expire."""
        found = expiring(list(self.standard.by_id.values()), self.clock.now())
        if not found:
            return Reply("No template of a standard change is set up; docs/changes.md says how.")
        columns = ("Template", "Title", "Services", "Authorised by", "Until", "State")
        rows = tuple(
            (
                each.id,
                each.title,
                ", ".join(each.services),
                each.authorised_by,
                each.authorised_until.isoformat(),
                word,
            )
            for each, word in found
        )
        soon = [each.id for each, word in found if word != "authorised"]
        tail = f" Have these authorised again: {', '.join(soon)}." if soon else ""
        return Reply(
            f"{len(rows)} templates of standard changes.{tail}",
            title="Standard changes",
            table=Table(columns, rows),
        )

    async def calendar(self, service: Service | None, week: str, day: str) -> Reply:
        """Return a week or a day of changes, deploys and freezes; BadInput where that is none."""
        zone = self.freezes.zone(service.id if service else "")
        span = read_span(week, day, self.clock.now(), zone)
        found = await Week(self.changes, self.deploys, self.freezes, self.catalogue).of(
            span, service
        )
        return table(span, found, service.id if service else "", zone)

    async def closing(self, change: Change) -> None:
        """Refuse to close a change under which a deploy is still at work."""
        deploy = await self.deploys.show(change.deploy) if change.deploy else None
        if deploy is not None and deploy.state in WORKING:
            raise Refused(
                Reason.LOCKED,
                f"{deploy.id} is still working under {change.number} and closes it when it ends.",
            )

    async def _overlaps(self, new: NewChange) -> Sequence[Overlap]:
        """Return what meets a change; refused in production, unless it is named with a reason."""
        if new.window_start is None or new.window_end is None:
            return ()
        start, end = new.window_start, new.window_end
        met = await self.overlaps.found(new.service, new.environment, start, end)
        unnamed = [one for one in met if one.number not in new.despite]
        if new.despite and not new.despite_reason.strip():
            raise Incomplete(
                "Say why that overlap is right: `--reason ...` is what the record keeps.",
                {"reason": ""},
            )
        is_bound = new.type is ChangeType.NORMAL and new.environment == PRODUCTION
        if unnamed and is_bound:
            names = ",".join(one.number for one in unnamed)
            said = "; ".join(map(overlapping, unnamed))
            raise Refused(
                Reason.LOCKED,
                f"Something else is changed at the same time: {said}. Choose another window, or "
                f"add `--despite {names} --reason ...`; the record keeps both.",
            )
        return met

    def _review(self, change: Change, tx: Transaction) -> Task | None:
        """Open the review that an emergency change has to have."""
        if change.type is not ChangeType.EMERGENCY:
            return None
        task = NewTask(
            kind=TaskKind.EMERGENCY_CHANGE_REVIEW,
            about=change.number,
            subject=change.requester,
            due=self.days.later(change.opened, REVIEWED_IN),
            service=change.service,
            correlation=change.correlation,
        )
        return self.tasks.open(task)(tx)


def not_found(number: str) -> BadInput:
    """Return that there is no such change."""
    return BadInput(
        f"There is no change {number}. `change list` shows the open ones.", reason=Reason.NOT_FOUND
    )


def _opened(result: object) -> tuple[Change, Task | None]:
    match result:
        case (Change() as change, Task() | None as task):
            return change, task
    raise TypeError(f"not an opened change: {type(result).__name__}")
