"""List the scripts that may be run here."""

from __future__ import annotations

from bot.api import Command, Reply, Risk, Scripts, args


class Args(args):
    """Nothing."""


async def run(scripts: Scripts) -> Reply:
    """Answer from the site's file."""
    return scripts.list()


command = Command(
    "script list",
    Args,
    run,
    summary="List the scripts that may be run.",
    role="reader",
    risk=Risk.READ,
    examples=("script list",),
)
