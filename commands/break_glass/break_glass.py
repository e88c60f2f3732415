"""Break the glass on one service for one incident: no approvals, at once, loudly, reviewed after.

It is told to security and to the service's owner, ends by itself, and opens a review that somebody
else must close before you can use it again.
"""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    BreakGlass,
    Caller,
    Command,
    Done,
    FreeText,
    GlassWanted,
    Id,
    Option,
    Risk,
    Service,
    args,
)


class Args(args):
    """The incident, the service, why, and for how many minutes (at most 60)."""

    incident: Annotated[str, Id("INC")]
    service: Annotated[Service, Option("the one service that is broken into")]
    reason: Annotated[str, Option("what is wrong, in at least 20 characters"), FreeText()]
    minutes: int = 30


async def run(arguments: Args, caller: Caller, desk: BreakGlass) -> Done:
    """Put it in force, in the transaction of its record and of its review."""
    wanted = GlassWanted(arguments.service, arguments.incident, arguments.reason, arguments.minutes)
    return await desk.use(caller, wanted)


command = Command(
    "break-glass",
    Args,
    run,
    summary="Act on one service at once, in an emergency.",
    role="break_glass",
    risk=Risk.CHANGE,
    examples=('break-glass INC-3 --service lab-results --reason "no results reach the wards"',),
    repeatable=True,
)
