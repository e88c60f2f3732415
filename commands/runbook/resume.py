"""Have a run that stands still go on at its step."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, Id, Risk, RunbookRuns, args


class Args(args):
    """The run."""

    run: Annotated[str, Id("RUN")]


async def run(arguments: Args, caller: Caller, runs: RunbookRuns) -> Done:
    """Keep it, in the transaction of its record."""
    return await runs.resume(caller, arguments.run)


command = Command(
    "runbook resume",
    Args,
    run,
    summary="Resume a runbook.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook resume RUN-3",),
    repeatable=True,
)
