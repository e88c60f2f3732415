"""Make the evidence of a change: a page to print and one zip that verifies without Wardroom."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Evidence, Id, Reply, Risk, args


class Args(args):
    """The change."""

    change: Annotated[str, Id("CHG")]


async def run(arguments: Args, caller: Caller, evidence: Evidence) -> Reply:
    """Answer with what the record has and where the files are; that it was made is recorded."""
    return await evidence.offer(arguments.change, caller)


command = Command(
    "change evidence",
    Args,
    run,
    summary="Make the evidence of a change.",
    role="reader",
    risk=Risk.READ,
    examples=("change evidence CHG-12",),
    quotes=True,
)
