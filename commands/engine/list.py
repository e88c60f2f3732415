"""List the channels of interface engines that services declare, each as it is now."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, EngineDesk, Reply, Risk, Service, Word, args


class Args(args):
    """A service, or nothing for all."""

    service: Annotated[Service | None, Word("of")] = None


async def run(arguments: Args, desk: EngineDesk) -> Reply:
    """Answer with a table; what cannot be asked is in it too."""
    return await desk.list(arguments.service)


command = Command(
    "engine list",
    Args,
    run,
    summary="List the channels of interface engines.",
    role="reader",
    risk=Risk.READ,
    examples=("engine list", "engine list of lab-results"),
)
