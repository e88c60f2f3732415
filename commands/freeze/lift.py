"""Lift a freeze before its time."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, FreezeDesk, Option, Risk, args


class Args(args):
    """Which freeze, and why it is over."""

    name: str
    reason: Annotated[str, Option("why it is over"), FreeText()]


async def run(arguments: Args, caller: Caller, desk: FreezeDesk) -> Done:
    """End it, in the transaction of its record."""
    return await desk.lift(caller, arguments.name, arguments.reason)


command = Command(
    "freeze lift",
    Args,
    run,
    summary="End a freeze that was added from chat.",
    role="approver",
    risk=Risk.CHANGE,
    examples=('freeze lift "ward move" --reason "the wards have moved"',),
    repeatable=True,
)
