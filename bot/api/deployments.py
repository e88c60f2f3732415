"""What a deploy is asked for with, and who plans it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Build, Proposal, Request, Service
from bot.ports import Effect


@dataclass(frozen=True)
class Wanted:
    """A deploy that is asked for; `change` names an open change, or "" to have one opened.

    `requester` is whose deploy it would be, where that is known; `correlation` and `request` join
    what is recorded of it to the asking. `despite` names what it overlaps on purpose.
    `planned` is when it is to start, where that is not at once; without `sites` it goes to all.
    """

    service: Service
    environment: str
    version: str
    reason: str
    change: str = ""
    rollback_of: str = ""
    requester: str = ""
    correlation: str = ""
    request: str = ""
    despite: tuple[str, ...] = ()
    planned: datetime | None = None
    sites: tuple[str, ...] = ()


class Builds(Protocol):
    """Follows builds that somebody asked for."""

    def follow(self, build: Build) -> Done:
        """Show a build, and its changes in the same message until it ends."""
        ...


class Validating(Protocol):
    """Takes the answer of a deploy's clinical validator."""

    async def answer(self, caller: Caller, deploy_id: str, *, is_good: bool, said: str) -> Done:
        """End a deploy that waits to be validated, or waited in vain; `said` is how or why.

        Refused for whoever is not named, or may not hold that duty as well.
        """
        ...


class Deployments(Protocol):
    """Plans, checks and starts deploys; `deploy` and `rollback` are two ways to ask for one."""

    def planned(self, service: Service, text: str) -> datetime | None:
        """Return the moment that is typed, as clocks at the service's site show it; None for ""."""
        ...

    async def propose(self, wanted: Wanted, values: Mapping[str, str], verb: str) -> Proposal:
        """Resolve the version to a commit and return exactly what would be done."""
        ...

    async def check(self, wanted: Wanted, proposal: Proposal) -> tuple[tuple[str, str], ...]:
        """Refuse unless CI is green there, nothing is frozen or locked, and the change fits.

        Returns what was found that whoever decides wants to read, as fields.
        """
        ...

    def open_change(self, wanted: Wanted, proposal: Proposal, caller: Caller) -> Done:
        """Open the change record that the deploy needs, from its own facts."""
        ...

    def start(self, wanted: Wanted, proposal: Proposal, caller: Caller) -> Done:
        """Keep the deploy, take its lock, and start its durable flow."""
        ...

    async def withdrawn(self, request: Request) -> tuple[Effect[object], ...]:
        """Close the change that was opened for a request which will not run."""
        ...

    async def last_good(self, service: Service, environment: str) -> tuple[str, str]:
        """Return the last known-good version before what runs now, and the deploy it undoes."""
        ...
