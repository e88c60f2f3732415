"""Unlock an environment; somebody else's lock with a role and a reason, and they are told."""

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
    """What and where; and why, where the lock is somebody else's."""

    service: Service
    environment: Annotated[Environment, Word("in")]
    reason: Annotated[str, Option("why you end somebody else's lock"), FreeText()] = ""


async def run(arguments: Args, caller: Caller, locksmith: Locksmith) -> Done:
    """End the lock, in the transaction of its record."""
    environment = arguments.environment.name
    return await locksmith.unlock(caller, arguments.service, environment, arguments.reason)


command = Command(
    "unlock",
    Args,
    run,
    summary="Let others deploy to an environment again.",
    role="responder",
    risk=Risk.CHANGE,
    examples=(
        "unlock lab-results production",
        'unlock lab-results production --reason "its owner went home, the fix is urgent"',
    ),
    repeatable=True,
)
