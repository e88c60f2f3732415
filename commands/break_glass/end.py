"""End a break-glass before its time; its review stays open."""

from __future__ import annotations

from typing import Annotated

from bot.api import BreakGlass, Caller, Command, Done, Id, Risk, args


class Args(args):
    """The break-glass."""

    grant: Annotated[str, Id("BG")]


async def run(arguments: Args, caller: Caller, desk: BreakGlass) -> Done:
    """End it, in the transaction of its record."""
    return await desk.end(caller, arguments.grant)


command = Command(
    "break-glass end",
    Args,
    run,
    summary="End a break-glass before its time.",
    role="stop_asker",
    risk=Risk.CHANGE,
    examples=("break-glass end BG-1",),
    repeatable=True,
)
