"""List what is locked: by whom, why and until when."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, Locksmith, Reply, Risk, Service, Word, args


class Args(args):
    """A service, or nothing for all."""

    service: Annotated[Service | None, Word("of")] = None


async def run(arguments: Args, locksmith: Locksmith) -> Reply:
    """Answer with what is in force now."""
    return await locksmith.list(arguments.service.id if arguments.service else "")


command = Command(
    "lock list",
    Args,
    run,
    summary="List what is locked, by whom, why and until when.",
    role="reader",
    risk=Risk.READ,
    examples=("lock list", "lock list of lab-results"),
    quotes=True,
)
