"""Say whether everything is stopped: by whom, since when, why, and what stands still."""

from __future__ import annotations

from bot.api import Command, Reply, Risk, StopAll, args


class Args(args):
    """Takes nothing."""


async def run(_arguments: Args, stopping: StopAll) -> Reply:
    """Answer from the store."""
    return await stopping.status()


command = Command(
    "stop-all status",
    Args,
    run,
    summary="Say whether everything is stopped, and by whom.",
    role="reader",
    risk=Risk.READ,
    examples=("stop-all status",),
    quotes=True,
)
