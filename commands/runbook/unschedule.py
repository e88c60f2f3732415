"""End a schedule of a runbook; runs that it has begun go on."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, Id, Risk, RunbookSchedules, args


class Args(args):
    """The schedule."""

    schedule: Annotated[str, Id("SCHED")]


async def run(arguments: Args, caller: Caller, schedules: RunbookSchedules) -> Done:
    """Keep it, in the transaction of its record."""
    return await schedules.end(caller, arguments.schedule)


command = Command(
    "runbook unschedule",
    Args,
    run,
    summary="End a schedule of a runbook.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook unschedule SCHED-2",),
    repeatable=True,
)
