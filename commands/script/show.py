"""Show one script: what it runs, where, and which values it takes."""

from __future__ import annotations

from bot.api import Command, Reply, Risk, Scripts, args


class Args(args):
    """The script."""

    name: str


async def run(arguments: Args, scripts: Scripts) -> Reply:
    """Answer from the site's file."""
    return scripts.show(arguments.name)


command = Command(
    "script show",
    Args,
    run,
    summary="Show what a script does and takes.",
    role="reader",
    risk=Risk.READ,
    examples=("script show restart-router",),
)
