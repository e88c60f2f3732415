"""Show one run with everything that it came to, or all that are open."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, Id, Reply, Risk, RunbookRuns, Word, args


class Args(args):
    """The run, or nothing for all that are open."""

    run: Annotated[str, Id("RUN"), Word("of")] = ""


async def run(arguments: Args, runs: RunbookRuns) -> Reply:
    """Answer from the rows."""
    return await runs.status(arguments.run)


command = Command(
    "runbook status",
    Args,
    run,
    summary="Show where runbooks stand.",
    role="reader",
    risk=Risk.READ,
    examples=(
        "runbook status",
        "runbook status RUN-3",
    ),
    quotes=True,
)
