"""Show one channel of an interface engine: its state and its counts, and never a message."""

from __future__ import annotations

from bot.api import Command, EngineChannel, EngineDesk, Reply, Risk, args


class Args(args):
    """The channel, by its endpoint's name."""

    channel: EngineChannel


async def run(arguments: Args, desk: EngineDesk) -> Reply:
    """Answer with how it stands; `refs` have the figures."""
    return await desk.show(arguments.channel)


command = Command(
    "engine show",
    Args,
    run,
    summary="Show a channel: its state and what waits.",
    role="reader",
    risk=Risk.READ,
    examples=("engine show lab-in-channel",),
)
