"""What people ask about runbooks, and what they do with runs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Principal, Reply


@dataclass(frozen=True, kw_only=True)
class WantedRunbook:
    """The top of a runbook that somebody wants to write; `review_by` is like 2027-03-31."""

    name: str
    title: str
    owner: str
    review_by: str
    severity: str
    summary: str
    service: str = ""


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

    def draft(self, wanted: WantedRunbook) -> Reply:
        """Return the text of a new runbook, which passes the lint; nothing is written."""
        ...


class RunbookRuns(Protocol):
    """The runs: each a row that keeps the file that it began with."""

    async def run(self, caller: Caller, name: str, given: str, *, drill: bool = False) -> Done:
        """Begin a runbook; `given` are its parameters as `name=value name=value`.

        In a `drill` what changes something is only checked, and nothing is waited for.
        """
        ...

    async def record(self, run_id: str) -> Reply:
        """Return one plain page of what a run has done, each step with its time."""
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

    async def history(self, name: str) -> Reply:
        """Return the last runs, over or not; with a name those of one runbook."""
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


class RunbookSchedules(Protocol):
    """The runbooks that begin by the clock: each a row, typed as whoever scheduled it."""

    async def schedule(self, caller: Caller, name: str, cron: str, given: str) -> Done:
        """Have a runbook begin by the site's clocks; `cron` has five fields."""
        ...

    async def list(self) -> Reply:
        """Return the schedules that go on, with how each went last."""
        ...

    async def end(self, caller: Caller, schedule_id: str) -> Done:
        """End a schedule; runs that it has begun go on."""
        ...
