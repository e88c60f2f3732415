"""List the templates that standard changes are made from, by when their authorisation ends."""

from __future__ import annotations

from bot.api import Changes, Command, Reply, Risk, args


class Args(args):
    """Nothing: all of them are listed."""


async def run(_arguments: Args, changes: Changes) -> Reply:
    """Answer from the file of templates."""
    return changes.templates()


command = Command(
    "change templates",
    Args,
    run,
    summary="List the templates of standard changes.",
    role="reader",
    risk=Risk.READ,
    examples=("change templates",),
)
