"""What people ask about runbooks, and what they do with runs of them."""

from __future__ import annotations

from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Principal, Reply


class Runbooks(Protocol):
    """The reviewed procedures, as their files are now."""

    def list(self) -> Reply:
        """Return every runbook; what is stale or cannot be used says so."""
        ...

    def show(self, name: str) -> Reply:
        """Return one runbook with its steps, or everything that has to be mended in it."""
        ...

    def search(self, words: str) -> Reply:
        """Return the runbooks that all of the words are found in, the nearest first, with why."""
        ...

    def print(self, name: str) -> Reply:
        """Return one runbook as one plain page."""
        ...


class RunbookRuns(Protocol):
    """The runs: each a row that keeps the file that it began with."""

    async def run(self, caller: Caller, name: str, given: str) -> Done:
        """Begin a runbook; `given` are its parameters as `name=value name=value`."""
        ...

    async def tick(self, caller: Caller, run_id: str, step_id: str, note: str) -> Done:
        """Say that the step where a run waits was done; the run goes on."""
        ...

    async def decide(
        self, caller: Caller, run_id: str, step_id: str, option: str, reason: str
    ) -> Done:
        """Choose an option of the decision where a run waits; the run goes on from there."""
        ...

    async def resume(self, caller: Caller, run_id: str) -> Done:
        """Have a run that stands still go on at its step, which is then done again."""
        ...

    async def abort(self, caller: Caller, run_id: str, reason: str) -> Done:
        """End a run where it stands."""
        ...

    async def take_over(self, caller: Caller, run_id: str) -> Done:
        """Have a run type as the caller from now on, with the caller's rights."""
        ...

    async def status(self, run_id: str) -> Reply:
        """Return one run with everything that it came to; without an id those that are open."""
        ...

    async def history(self) -> Reply:
        """Return the last runs, over or not."""
        ...


class RunbookActs(Protocol):
    """What is said to a run that changes something, or that should not go on as it does."""

    async def go(self, caller: Caller, run_id: str, step_id: str) -> Done:
        """Have a run do what it has offered at the step where it waits: once."""
        ...

    async def settle(
        self, caller: Caller, run_id: str, step_id: str, outcome: str, reason: str
    ) -> Done:
        """Say what became of a command that is not known to have been done.

        `outcome` is done, not-done (it is offered again) or left-out (the run goes on without it).
        """
        ...

    async def pause(self, caller: Caller, run_id: str, reason: str) -> Done:
        """Have a run stand still until somebody resumes it."""
        ...

    async def hand_over(self, caller: Caller, run_id: str, to: Principal) -> Done:
        """Ask a colleague to take a run over; until they do, it types as before."""
        ...
