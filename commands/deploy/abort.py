"""Abort a deploy before its next trigger, or a scheduled one before it begins."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, Option, Risk, Steering, args


class Args(args):
    """The deploy, and why it is aborted."""

    deploy: Annotated[str, Id("DEP")]
    reason: Annotated[str, Option("why it is aborted"), FreeText()]


async def run(arguments: Args, caller: Caller, steering: Steering) -> Done:
    """Write the wish down; a job that runs is watched to its end, then the deploy ends."""
    return await steering.abort(caller, arguments.deploy, arguments.reason)


command = Command(
    "deploy abort",
    Args,
    run,
    summary="Abort a deploy that runs or is scheduled.",
    role="steerer",
    risk=Risk.CHANGE,
    examples=('deploy abort DEP-3 --reason "wrong night"',),
    repeatable=True,
)
