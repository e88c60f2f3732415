"""What the engine does in an emergency, as small Protocols for commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Proposal, Reply, Service


class ReviewTasks(Protocol):
    """The reviews that somebody else must close."""

    async def close(self, caller: Caller, task_id: str, findings: str) -> Done:
        """Close a review with what was found; refused for whoever did what it reviews."""
        ...


@dataclass(frozen=True)
class GlassWanted:
    """What break-glass is asked for with: one service, for one incident, for some minutes."""

    service: Service
    incident: str
    reason: str
    minutes: int


class BreakGlass(Protocol):
    """Acting at once on one service, loudly, and reviewed by somebody else afterwards."""

    async def use(self, caller: Caller, wanted: GlassWanted) -> Done:
        """Put it in force for the caller, with its review; refused while one is still open."""
        ...

    async def end(self, caller: Caller, grant_id: str) -> Done:
        """End it before its time."""
        ...

    async def list(self) -> Reply:
        """Return what is in force and what was, with how its review stands."""
        ...


class StopAll(Protocol):
    """Everything stands still, on the word of two people."""

    def propose(self, reason: str) -> Proposal:
        """Say what would stop."""
        ...

    async def check(self) -> None:
        """Refuse while everything stands still already."""
        ...

    def asked(self, caller: Caller) -> Done:
        """Say on the card of the request who can confirm it."""
        ...

    def stop(self, caller: Caller, proposal: Proposal) -> Done:
        """Halt everything."""
        ...

    async def propose_lifting(self, reason: str) -> Proposal:
        """Say which halt would be lifted; refused where there is none."""
        ...

    def lift(self, caller: Caller, proposal: Proposal) -> Done:
        """Let everything go on."""
        ...

    async def status(self) -> Reply:
        """Return who stopped everything, since when and why, and what stands still."""
        ...
