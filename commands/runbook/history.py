"""List the last runs of runbooks, over or not."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, Reply, Risk, RunbookRuns, Word, args


class Args(args):
    """The runbook, or nothing for those of all."""

    name: Annotated[str, Word("of")] = ""


async def run(arguments: Args, runs: RunbookRuns) -> Reply:
    """Answer from the rows."""
    return await runs.history(arguments.name)


command = Command(
    "runbook history",
    Args,
    run,
    summary="List the last runs of runbooks.",
    role="reader",
    risk=Risk.READ,
    examples=("runbook history", "runbook history of pacs-unreachable"),
    quotes=True,
)
