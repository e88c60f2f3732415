"""End a run where it stands; nothing that was done is undone."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, Option, Risk, RunbookRuns, args


class Args(args):
    """The run, and why."""

    run: Annotated[str, Id("RUN")]
    reason: Annotated[str, Option("why"), FreeText()]


async def run(arguments: Args, caller: Caller, runs: RunbookRuns) -> Done:
    """Keep it, in the transaction of its record."""
    return await runs.abort(caller, arguments.run, arguments.reason)


command = Command(
    "runbook abort",
    Args,
    run,
    summary="Abort a runbook.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook abort RUN-3 --reason 'it was a drill of the network team'",),
    repeatable=True,
)
