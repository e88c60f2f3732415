"""Tick the step where a run waits, with a note of what was done; the run goes on."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, Option, Risk, RunbookRuns, args


class Args(args):
    """The run, its step, and what was done."""

    run: Annotated[str, Id("RUN")]
    step: str
    note: Annotated[str, Option("what was done, and what was seen"), FreeText()]


async def run(arguments: Args, caller: Caller, runs: RunbookRuns) -> Done:
    """Keep it, in the transaction of its record."""
    return await runs.tick(caller, arguments.run, arguments.step, arguments.note)


command = Command(
    "runbook tick",
    Args,
    run,
    summary="Tick a step of a runbook.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook tick RUN-3 viewer --note 'studies open in the reading room'",),
    repeatable=True,
)
