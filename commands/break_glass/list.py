"""List the uses of break-glass: who, for what, and how each review stands."""

from __future__ import annotations

from bot.api import BreakGlass, Command, Reply, Risk, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, desk: BreakGlass) -> Reply:
    """Answer with the newest first."""
    return await desk.list()


command = Command(
    "break-glass list",
    Args,
    run,
    summary="List the uses of break-glass and their reviews.",
    role="reader",
    risk=Risk.READ,
    examples=("break-glass list",),
)
