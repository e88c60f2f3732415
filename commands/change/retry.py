"""Try again to bring a change's ticket to where the change is."""

from __future__ import annotations

from typing import Annotated

from bot.api import Changes, Command, Done, Id, Risk, args


class Args(args):
    """The change."""

    change: Annotated[str, Id("CHG")]


async def run(arguments: Args, changes: Changes) -> Done:
    """Have it tried now, also where it was given up; never a second ticket."""
    return await changes.retry(arguments.change)


command = Command(
    "change retry",
    Args,
    run,
    summary="Try a change's ticket again that was refused or given up.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("change retry CHG-7",),
    repeatable=True,
)
