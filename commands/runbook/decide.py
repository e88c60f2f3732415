"""Decide where a run waits for a decision; the run goes on from there.

The file says who may: the roles of the decision, or whoever may run runbooks.
"""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, Option, Risk, RunbookRuns, args


class Args(args):
    """The run, the decision, the option, and why."""

    run: Annotated[str, Id("RUN")]
    step: str
    option: str
    reason: Annotated[str, Option("why"), FreeText()]


async def run(arguments: Args, caller: Caller, runs: RunbookRuns) -> Done:
    """Keep it, in the transaction of its record."""
    return await runs.decide(
        caller, arguments.run, arguments.step, arguments.option, arguments.reason
    )


command = Command(
    "runbook decide",
    Args,
    run,
    summary="Decide a step of a runbook.",
    role="reader",  # what more it takes is said by the decision
    risk=Risk.CHANGE,
    examples=(
        "runbook decide RUN-3 scope network --reason 'only the outpatient clinic is cut off'",
    ),
    repeatable=True,
)
