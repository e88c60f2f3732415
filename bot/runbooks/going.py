"""Where a run goes from a step: no clock, no store, only the file and what has happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot import documents
from bot.errors import Refused
from bot.model import Reason, StepState
from bot.model.runs import RunbookRun, RunState, StepResult
from bot.runbooks.document import Decision, Runbook, Step, understand
from bot.runbooks.filling import Values

UNKNOWN: Final = "unknown"
LONGEST: Final = 400
"""Characters of an answer that a run keeps; the log has the whole of it."""


@dataclass(frozen=True)
class Stand:
    """A run with the file that it began with, and the step where it stands."""

    run: RunbookRun
    book: Runbook

    @property
    def step(self) -> Step | None:
        """Return the step where it stands, None after the last one."""
        return self.book.steps[self.run.at] if self.run.at < len(self.book.steps) else None

    @property
    def values(self) -> Values:
        """Return what a command may name: only what is known."""
        figures = {result.step: result.figures for result in self.run.results}
        return {**self.run.values, "steps": figures}

    @property
    def said(self) -> Values:
        """Return what texts and conditions may name.

        What a step did not find out, because it failed or was not come to, is `unknown` there: a
        probe that gets no answer must not keep a run from going on.
        """
        figures: dict[str, Mapping[str, str]] = defaultdict(lambda: defaultdict(lambda: UNKNOWN))
        for result in self.run.results:
            found = dict(result.figures)
            is_known = result.state is StepState.DONE
            figures[result.step] = found if is_known else defaultdict(lambda: UNKNOWN, found)
        return {**self.run.values, "steps": figures}

    @property
    def settled(self) -> tuple[StepResult, ...]:
        """Return what steps came to, without the looks of a wait that goes on."""
        found = self.run.results
        is_on = self.step is not None and found and found[-1].step == self.step.id
        return found[:-1] if is_on and found[-1].state is StepState.RUNNING else found

    def passed(
        self, result: StepResult, goto: str = "", parts: Sequence[StepResult] = ()
    ) -> RunbookRun:
        """Return the run after its step came to something, and its parts; `goto` is an option's."""
        step = self.step
        # A step that was left out sends nobody anywhere.
        jump = "" if result.state is StepState.SKIPPED else goto or (step.goto if step else "")
        at = self.book.index(jump) if jump else self.run.at + 1
        is_over = at >= len(self.book.steps)
        return replace(
            self.run,
            at=at,
            state=RunState.ENDED if is_over else RunState.RUNNING,
            due=None,
            why="",
            act=None,
            changed=result.at,
            results=(*self.settled, *parts, result),
        )

    def waiting(self, now: datetime) -> RunbookRun:
        """Return the run as it waits for a human at its step."""
        step = self.step
        within = timedelta(minutes=step.within_minutes) if isinstance(step, Decision) else None
        due = now + within if within else None
        return replace(self.run, state=RunState.WAITING, due=due, changed=now)

    def stopped(self, why: str, now: datetime) -> RunbookRun:
        """Return the run as it stands still until somebody resumes or aborts it."""
        return replace(self.run, state=RunState.STOPPED, why=why, due=None, changed=now)

    def aborted(self, why: str, by: str, now: datetime) -> RunbookRun:
        """Return the run as it was ended; what it was doing may still happen, or may have."""
        run, step = self.run, self.step
        results = run.results
        if run.act is not None and step is not None:
            text = f"cut short: {run.act.awaits or run.act.line}"
            results = (*results, StepResult(step.id, StepState.UNKNOWN, text, by, now))
        return replace(
            run,
            state=RunState.ABORTED,
            why=why,
            due=None,
            act=None,
            changed=now,
            results=results,
        )


def stand(run: RunbookRun) -> Stand:
    """Return where a run stands; refused where this Wardroom does not read its file any more."""
    read = understand(documents.parsed(run.text))
    if read.book is None:
        raise Refused(
            Reason.SUPERSEDED,
            f"{run.id} began with a file that this Wardroom does not read any more: abort it, and "
            "go on by a new run.",
        )
    return Stand(run, read.book)


def leg(run: RunbookRun) -> str:
    """Return the key of the workflow that has a run go on by itself."""
    return f"{run.id}:{run.leg}"
