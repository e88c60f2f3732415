"""Freeze: for a time nothing is deployed, except what the freeze does not name."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Caller,
    Command,
    Done,
    Environment,
    FreeText,
    FreezeDesk,
    Option,
    Risk,
    Service,
    WantedFreeze,
    args,
)


class Args(args):
    """The name people read, from when until when, what it is about, and why."""

    name: str
    until: Annotated[str, Option('such as "Mon 06:00", "2026-12-27 06:00" or "in 4h"')]
    reason: Annotated[str, Option("why nothing may change then"), FreeText()]
    from_: Annotated[str, Option('such as now, "Fri 18:00" or "tomorrow 06:00"')] = "now"
    service: Annotated[Service | None, Option("all of them, unless named")] = None
    environment: Annotated[Environment | None, Option("all of them, unless named")] = None
    tag: Annotated[str, Option("what services with that tag, such as lab")] = ""


async def run(arguments: Args, caller: Caller, desk: FreezeDesk) -> Done:
    """Close the time, in the transaction of its record."""
    wanted = WantedFreeze(
        name=arguments.name,
        starts=arguments.from_,
        until=arguments.until,
        reason=arguments.reason,
        service=arguments.service,
        environment=arguments.environment.name if arguments.environment else "",
        tag=arguments.tag,
    )
    return await desk.add(caller, wanted)


command = Command(
    "freeze add",
    Args,
    run,
    summary="Stop deploys for a time.",
    role="approver",
    risk=Risk.CHANGE,
    examples=(
        'freeze add "ward move" --from "Fri 18:00" --until "Mon 06:00" --reason "wards 3, 4 move"',
        'freeze add "HL7 storm" --until "in 2h" --service lab-results --reason "a long queue"',
    ),
    repeatable=True,
    runbooks=True,
)
