"""List the runbooks: what each is for, who owns it, and until when it has been reviewed."""

from __future__ import annotations

from bot.api import Command, Reply, Risk, Runbooks, args


class Args(args):
    """Nothing: all of them are listed."""


async def run(_arguments: Args, runbooks: Runbooks) -> Reply:
    """Answer from the files."""
    return runbooks.list()


command = Command(
    "runbook list",
    Args,
    run,
    summary="List the runbooks.",
    role="reader",
    risk=Risk.READ,
    examples=("runbook list",),
)
