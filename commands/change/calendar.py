"""Show a week or a day of changes, deploys and freezes, of a service or of all."""

from __future__ import annotations

from typing import Annotated

from bot.api import Changes, Command, Option, Reply, Risk, Service, Word, args


class Args(args):
    """A service, or nothing for all; this week unless a week or a day is named."""

    service: Annotated[Service | None, Word("of")] = None
    week: Annotated[str, Option("such as 2026-W48")] = ""
    day: Annotated[str, Option("such as 2026-11-24, or tomorrow")] = ""


async def run(arguments: Args, changes: Changes) -> Reply:
    """Answer from the register, the deploys and the freeze calendar."""
    return await changes.calendar(arguments.service, arguments.week, arguments.day)


command = Command(
    "change calendar",
    Args,
    run,
    summary="Show a week of changes, deploys and freezes.",
    role="reader",
    risk=Risk.READ,
    examples=("change calendar", "change calendar of lab-results --week 2026-W48"),
)
