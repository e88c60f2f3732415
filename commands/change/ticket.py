"""Show how the ticket of a change stands in the hospital's own system."""

from __future__ import annotations

from typing import Annotated

from bot.api import Changes, Command, Id, Reply, Risk, args


class Args(args):
    """The change."""

    change: Annotated[str, Id("CHG")]


async def run(arguments: Args, changes: Changes) -> Reply:
    """Answer from what is known of it; the system itself is not asked."""
    return await changes.ticket(arguments.change)


command = Command(
    "change ticket",
    Args,
    run,
    summary="Show how a change's ticket stands, and why it waits.",
    role="reader",
    risk=Risk.READ,
    examples=("change ticket CHG-7",),
)
