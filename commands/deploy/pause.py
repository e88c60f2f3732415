"""Pause a deploy: nothing further is started until it is resumed."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, Option, Risk, Steering, args


class Args(args):
    """The deploy, and why it is paused."""

    deploy: Annotated[str, Id("DEP")]
    reason: Annotated[str, Option("why it is paused"), FreeText()] = ""


async def run(arguments: Args, caller: Caller, steering: Steering) -> Done:
    """Write the wish down; the flow sees it before it starts anything."""
    return await steering.pause(caller, arguments.deploy, arguments.reason)


command = Command(
    "deploy pause",
    Args,
    run,
    summary="Pause a deploy before its next batch.",
    role="steerer",
    risk=Risk.CHANGE,
    examples=('deploy pause DEP-3 --reason "the ward calls"',),
    repeatable=True,
)
