"""Makes, lifts and lists legal holds; implements `bot.ports.holds.LegalHolds`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.audit.query import parse_query
from bot.audit.retention import holds
from bot.audit.retention.holds import Hold, Terms
from bot.errors import BadInput
from bot.model import Proposal, Reason, Reply, Table
from bot.moments import written

if TYPE_CHECKING:
    from bot.ports import Clock, Effect
    from bot.ports.holds import HoldTerms
    from bot.storage.database import Database

COLUMNS = ("Hold", "What is held", "By", "Since", "Lifted")


@dataclass(frozen=True)
class HoldDesk:
    """Holds of one log."""

    database: Database
    clock: Clock

    async def propose_adding(self, wanted: HoldTerms, why: str) -> Proposal:
        """Say what would be held; BadInput where that is nothing, or no time."""
        terms = self._terms(wanted)
        given = {name: value for name, value in vars(wanted).items() if value}
        facts = {holds.TERMS: terms.written()}
        return Proposal(holds.ADD, given | {"why": why}, facts, f"Hold {terms}")

    def add(self, proposal: Proposal, person: str, correlation: str) -> Effect[str]:
        """Make the hold that was proposed."""
        terms = Terms.read(proposal.facts[holds.TERMS])
        return holds.add(Hold(0, correlation, terms, person, self.clock.now().isoformat()))

    async def propose_lifting(self, name: str, why: str) -> Proposal:
        """Say which hold would be lifted; BadInput where there is none in force by that name."""
        hold = await self.database.read(lambda c: holds.read_hold(c, name.upper()))
        if hold is None:
            raise BadInput(
                f"There is no {name}; `audit hold list` has them.", reason=Reason.NOT_FOUND
            )
        if hold.lifted:
            said = f"{hold.lifted_by} lifted {hold.id} on {_day(hold.lifted_at)} already."
            raise BadInput(said, reason=Reason.DUPLICATE)
        facts = {"held": str(hold.terms), "held_by": hold.person}
        values = {"hold": hold.id, "why": why}
        return Proposal(holds.LIFT, values, facts, f"Lift {hold.id}, which holds {hold.terms}")

    def lift(self, proposal: Proposal, person: str, correlation: str) -> Effect[None]:
        """Lift the hold that was proposed."""
        at = self.clock.now().isoformat()
        return holds.lift(proposal.values["hold"], correlation, person, at)

    async def list(self) -> Reply:
        """Return every hold there is or was, newest first."""
        known = await self.database.read(holds.read_holds)
        if not known:
            return Reply("Nothing is held.")
        binding = sum(not each.lifted for each in known)
        rows = tuple(_row(each) for each in reversed(known))
        text = f"{binding} of {len(known)} holds are in force."
        return Reply(text, title="Legal holds", table=Table(COLUMNS, rows))

    def _terms(self, wanted: HoldTerms) -> Terms:
        typed = " ".join(
            f'{name}:"{value}"' for name in ("since", "before") if (value := getattr(wanted, name))
        )
        times = parse_query(typed, now=self.clock.now())
        terms = Terms(
            incident=wanted.incident.upper(),
            person=wanted.person,
            service=wanted.service,
            since=_written(times.since),
            before=_written(times.until),
        )
        if terms == Terms():
            raise BadInput("Say what is held: --incident, --person, --service, --since, --before.")
        if terms.since and terms.before and terms.since >= terms.before:
            raise BadInput("That time ends before it begins.")
        return terms


def _written(at: datetime | None) -> str:
    return at.replace(microsecond=0).isoformat() if at else ""


def _day(at: str) -> str:
    return written(datetime.fromisoformat(at))


def _row(hold: Hold) -> tuple[str, ...]:
    lifted = f"by {hold.lifted_by}, {_day(hold.lifted_at)}" if hold.lifted else ""
    return hold.id, str(hold.terms), hold.person, _day(hold.at), lifted
