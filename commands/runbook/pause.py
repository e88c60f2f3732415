"""Have a run stand still, such as when shifts change, until somebody resumes it."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, Option, Risk, RunbookActs, args


class Args(args):
    """The run, and why."""

    run: Annotated[str, Id("RUN")]
    reason: Annotated[str, Option("why"), FreeText()]


async def run(arguments: Args, caller: Caller, acts: RunbookActs) -> Done:
    """Keep it, in the transaction of its record."""
    return await acts.pause(caller, arguments.run, arguments.reason)


command = Command(
    "runbook pause",
    Args,
    run,
    summary="Pause a runbook.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook pause RUN-3 --reason 'the night shift goes on at 21:00'",),
    repeatable=True,
)
