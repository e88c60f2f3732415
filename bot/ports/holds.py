"""Legal holds: what must stay in the audit log, however old it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.model import Proposal, Reply
    from bot.ports.ledger import Effect


@dataclass(frozen=True)
class HoldTerms:
    """What is to be held, as typed: events for which all of this is so."""

    incident: str = ""
    person: str = ""
    service: str = ""
    since: str = ""
    before: str = ""


class LegalHolds(Protocol):
    """Keeps events from being pruned; each hold is made and lifted with its record."""

    async def propose_adding(self, wanted: HoldTerms, why: str) -> Proposal:
        """Say what would be held; BadInput where that is nothing, or no time."""
        ...

    def add(self, proposal: Proposal, person: str, correlation: str) -> Effect[str]:
        """Make the hold that was proposed; returns its name. The record has the correlation."""
        ...

    async def propose_lifting(self, name: str, why: str) -> Proposal:
        """Say which hold would be lifted; BadInput where there is none in force by that name."""
        ...

    def lift(self, proposal: Proposal, person: str, correlation: str) -> Effect[None]:
        """Lift the hold that was proposed; Conflict where somebody else did meanwhile."""
        ...

    async def list(self) -> Reply:
        """Return every hold there is or was, the newest first."""
        ...
