"""What people ask about scripts, and what they do with them."""

from __future__ import annotations

from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Proposal, Reply


class Scripts(Protocol):
    """The scripts that a site lets be run."""

    def list(self) -> Reply:
        """Return every script."""
        ...

    def show(self, name: str) -> Reply:
        """Return one script: what it runs, where, and which values it takes."""
        ...

    async def propose(self, name: str, given: str, reason: str) -> Proposal:
        """Return exactly what would be run; `given` are `name=value name=value`."""
        ...

    async def check(self, proposal: Proposal, caller: Caller) -> tuple[tuple[str, str], ...]:
        """Refuse while everything is stopped, frozen or locked there, or that script runs."""
        ...

    def start(self, proposal: Proposal, caller: Caller) -> Done:
        """Keep the run and start its durable flow."""
        ...

    async def ask(self, caller: Caller, name: str, given: str) -> Reply:
        """Run a script that only reads, now, and return what it found."""
        ...

    async def stop(self, caller: Caller, run_id: str, why: str) -> Done:
        """Ask for the end of a run."""
        ...

    async def status(self, run_id: str) -> Reply:
        """Return one run with the end of what it printed; without an id the last ones."""
        ...
