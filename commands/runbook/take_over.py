"""Take a run over: from now on it types as you, with your rights."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, Id, Risk, RunbookRuns, args


class Args(args):
    """The run."""

    run: Annotated[str, Id("RUN")]


async def run(arguments: Args, caller: Caller, runs: RunbookRuns) -> Done:
    """Keep it, in the transaction of its record."""
    return await runs.take_over(caller, arguments.run)


command = Command(
    "runbook take-over",
    Args,
    run,
    summary="Take over a runbook from a colleague.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook take-over RUN-3",),
    repeatable=True,
)
