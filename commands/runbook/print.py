"""Print one runbook as one plain page, with the contact tree and boxes to tick."""

from __future__ import annotations

from bot.api import Command, Reply, Risk, Runbooks, args


class Args(args):
    """The runbook."""

    name: str


async def run(arguments: Args, runbooks: Runbooks) -> Reply:
    """Answer from the file."""
    return runbooks.print(arguments.name)


command = Command(
    "runbook print",
    Args,
    run,
    summary="Print one runbook as a plain page.",
    role="reader",
    risk=Risk.READ,
    examples=("runbook print pacs-unreachable",),
)
