"""List the last runs of runbooks, over or not."""

from __future__ import annotations

from bot.api import Command, Reply, Risk, RunbookRuns, args


class Args(args):
    """Nothing: the last ones are listed."""


async def run(_arguments: Args, runs: RunbookRuns) -> Reply:
    """Answer from the rows."""
    return await runs.history()


command = Command(
    "runbook history",
    Args,
    run,
    summary="List the last runs of runbooks.",
    role="reader",
    risk=Risk.READ,
    examples=("runbook history",),
    quotes=True,
)
