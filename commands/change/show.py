"""Show one change record with everything that is linked to it."""

from __future__ import annotations

from typing import Annotated

from bot.api import Changes, Command, Id, Reply, Risk, args


class Args(args):
    """The change."""

    change: Annotated[str, Id("CHG")]


async def run(arguments: Args, changes: Changes) -> Reply:
    """Answer from the register, the deploy, the request and the reviews."""
    return await changes.show(arguments.change)


command = Command(
    "change show",
    Args,
    run,
    summary="Show one change record.",
    role="reader",
    risk=Risk.READ,
    examples=("change show CHG-7",),
    quotes=True,
)
