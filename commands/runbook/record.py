"""Show on one plain page what a run of a runbook has done, or a drill."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, Id, Reply, Risk, RunbookRuns, args


class Args(args):
    """The run."""

    run: Annotated[str, Id("RUN")]


async def run(arguments: Args, runs: RunbookRuns) -> Reply:
    """Answer from its row."""
    return await runs.record(arguments.run)


command = Command(
    "runbook record",
    Args,
    run,
    summary="Show what a run of a runbook has done, as a page to keep.",
    role="reader",
    risk=Risk.READ,
    examples=("runbook record RUN-3",),
    quotes=True,
)
