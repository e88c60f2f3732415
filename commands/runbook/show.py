"""Show one runbook with its steps, or what has to be mended in it."""

from __future__ import annotations

from bot.api import Command, Reply, Risk, Runbooks, args


class Args(args):
    """The runbook."""

    name: str


async def run(arguments: Args, runbooks: Runbooks) -> Reply:
    """Answer from the file."""
    return runbooks.show(arguments.name)


command = Command(
    "runbook show",
    Args,
    run,
    summary="Show one runbook.",
    role="reader",
    risk=Risk.READ,
    examples=("runbook show pacs-unreachable",),
)
