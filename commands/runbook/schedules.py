"""List the runbooks that begin by the clock: when next, as whom, and how it went last."""

from __future__ import annotations

from bot.api import Command, Reply, Risk, RunbookSchedules, args


class Args(args):
    """Nothing: all of them are listed."""


async def run(_arguments: Args, schedules: RunbookSchedules) -> Reply:
    """Answer from the rows."""
    return await schedules.list()


command = Command(
    "runbook schedules",
    Args,
    run,
    summary="List the scheduled runbooks.",
    role="reader",
    risk=Risk.READ,
    examples=("runbook schedules",),
    quotes=True,
)
