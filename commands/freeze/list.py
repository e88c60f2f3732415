"""List the freezes and maintenance windows, with their owners."""

from __future__ import annotations

from bot.api import Command, FreezeDesk, Reply, Risk, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, desk: FreezeDesk) -> Reply:
    """Answer with every rule, where it is written, and when it holds."""
    return await desk.list()


command = Command(
    "freeze list",
    Args,
    run,
    summary="List freezes and maintenance windows.",
    role="reader",
    risk=Risk.READ,
    examples=("freeze list",),
    quotes=True,
)
