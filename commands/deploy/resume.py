"""Let a paused deploy go on; everything is asked again before the next trigger."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, Id, Risk, Steering, args


class Args(args):
    """The deploy."""

    deploy: Annotated[str, Id("DEP")]


async def run(arguments: Args, caller: Caller, steering: Steering) -> Done:
    """Take the wish to pause back."""
    return await steering.resume(caller, arguments.deploy)


command = Command(
    "deploy resume",
    Args,
    run,
    summary="Let a paused deploy go on.",
    role="steerer",
    risk=Risk.CHANGE,
    examples=("deploy resume DEP-3",),
    repeatable=True,
)
