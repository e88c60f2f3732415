"""What is done with a ticket over there comes back: recorded, and never more than its state.

A change that was cancelled, rejected or closed there is cancelled here, and its gate then stops the
deploy when it is asked next. A deploy that has begun to change something is not stopped half way:
where it was asked for, people are told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bot.errors import Conflict
from bot.model import (
    Change,
    ChangeResult,
    ChangeState,
    DeployState,
    Draft,
    Kind,
    Place,
    Reason,
    Reply,
    TicketApproval,
    TicketState,
    Visibility,
)
from bot.stores import Following

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Deploy, Ticket
    from bot.ports import ChangeTickets, Effect, Ledger, Notices, Transaction
    from bot.stores import DeployStore, Tickets

ENDED_HERE: Final = frozenset({ChangeState.CLOSED, ChangeState.CANCELLED})
ENDED_THERE: Final = frozenset({TicketState.CLOSED, TicketState.CANCELLED, TicketState.REJECTED})


@dataclass(frozen=True)
class Hearing:
    """Notes where a ticket is, with what that means here, in one transaction with the record."""

    name: str
    tickets: Tickets
    changes: ChangeTickets
    deploys: DeployStore
    ledger: Ledger
    notices: Notices

    async def opened(self, row: Following, ticket: Ticket, *, due: datetime) -> Following:
        """Note that there is a ticket; returns the row."""
        known = replace(row, number=ticket.number, url=ticket.url)
        draft = _draft(known, "ticket open", f"{self.name} has {ticket.number} for {row.change}")
        recorded = await self.ledger.append(draft, self.tickets.note(known, due))
        return _following(recorded.results[0])

    async def heard(self, row: Following, ticket: Ticket, *, due: datetime) -> None:
        """Note where a ticket is; what changed over there since is recorded and acted upon."""
        seen = replace(row, state=ticket.state, approval=ticket.approval)
        seen = replace(seen, conflicts=ticket.conflicts)
        if (row.state, row.approval) == (ticket.state, ticket.approval):
            await self.tickets.save(seen, due)
            return
        change = await self.changes.show(row.change)
        if change is None or change.state in ENDED_HERE or not _has_ended(ticket):
            text = f"{self.name}: {ticket.number} is {_state(ticket)}"
            await self.ledger.append(_draft(seen, "ticket", text), self.tickets.note(seen, due))
        else:
            await self._ended_there(seen, change, ticket, due)

    async def _ended_there(
        self, row: Following, change: Change, ticket: Ticket, due: datetime
    ) -> None:
        """Cancel a change that ended over there, or tell those who are in the middle of it."""
        deploy = await self.deploys.show(change.deploy) if change.deploy else None
        text = f"by {self.name}: {ticket.number} was {_state(ticket)} there"
        note: Effect[object] = self.tickets.note(row, due)
        if deploy is not None and _is_under_way(deploy):
            say = self._tell(deploy, change, f"{text}. {deploy.id} is under way and goes on.")
            draft = _draft(row, "ticket", f"{text}; {deploy.id} was under way and goes on")
            await self.ledger.append(replace(draft, deploy=deploy.id), note, say)
        else:
            close = self.changes.close(change.number, ChangeResult.NOT_IMPLEMENTED, text)
            effects: list[Effect[object]] = [note, close]
            if deploy is not None:
                effects.append(self._tell(deploy, change, f"{text}, so {change.number} is closed."))
            try:
                draft = replace(_draft(row, "ticket cancel", text), reason=Reason.CANCELLED)
                await self.ledger.append(replace(draft, deploy=change.deploy), *effects)
            except Conflict:
                # Somebody closed it here meanwhile, or another replica has heard it already.
                await self.tickets.save(row, due)
                return
        if deploy is not None:
            await self.notices.tell(_topic(change))

    def _tell(self, deploy: Deploy, change: Change, text: str) -> Effect[None]:
        """Say it where the deploy was asked for, with a message of its own."""
        target = f"{deploy.service} {deploy.version} to {deploy.environment}"
        reply = Reply(
            f"{change.number}, {target}: {text}",
            reason=Reason.CANCELLED,
            title=f"Change ended at {self.name}: {target}",
            fields=(("Change", change.number), ("Deploy", deploy.id)),
            visibility=Visibility.PUBLIC,
            topic=_topic(change),
            refs={"change": change.number, "deploy": deploy.id},
        )

        def effect(tx: Transaction) -> None:
            self.notices.keep(_topic(change), reply)(tx)
            self.notices.promise(_topic(change), deploy.place or Place(""))(tx)

        return effect


def _has_ended(ticket: Ticket) -> bool:
    return ticket.state in ENDED_THERE or ticket.approval is TicketApproval.REJECTED


def _state(ticket: Ticket) -> str:
    if ticket.approval is TicketApproval.REJECTED and ticket.state not in ENDED_THERE:
        return TicketState.REJECTED.value
    return ticket.state.replace("_", " ")


def _is_under_way(deploy: Deploy) -> bool:
    """Say whether a deploy has begun to change something and has not ended."""
    working = (DeployState.STARTED, DeployState.VALIDATING, DeployState.UNKNOWN)
    return deploy.state in working and bool(deploy.build)


def _topic(change: Change) -> str:
    return f"{change.number} ticket"


def _draft(row: Following, verb: str, text: str) -> Draft:
    return Draft(
        kind=Kind.SYSTEM,
        verb=verb,
        correlation=row.correlation,
        change=row.change,
        params={"ticket": row.number, "state": row.state.value, "approval": row.approval.value},
        text=text,
    )


def _following(result: object) -> Following:
    if not isinstance(result, Following):
        raise TypeError(f"not a ticket's row: {type(result).__name__}")
    return result
