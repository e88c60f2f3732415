"""Lock an environment of a service: nobody else deploys there until it is over."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Caller,
    Command,
    Done,
    Environment,
    FreeText,
    Locksmith,
    Option,
    Risk,
    Service,
    Word,
    args,
)


class Args(args):
    """What, where, why and for how long."""

    service: Service
    environment: Annotated[Environment, Word("in")]
    reason: Annotated[str, Option("why nobody else should deploy there"), FreeText()]
    for_: Annotated[str, Option("such as 30m or 8h; at most 24h")] = "2h"


async def run(arguments: Args, caller: Caller, locksmith: Locksmith) -> Done:
    """Take the lock, in the transaction of its record."""
    environment = arguments.environment.name
    return await locksmith.lock(
        caller, arguments.service, environment, arguments.reason, arguments.for_
    )


command = Command(
    "lock",
    Args,
    run,
    summary="Keep others from deploying to an environment.",
    role="responder",
    risk=Risk.CHANGE,
    examples=(
        'lock lab-results production --reason "looking into the late results"',
        'lock portal test --reason "load test" --for 8h',
    ),
    repeatable=True,
)
