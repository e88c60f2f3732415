"""Open a change record; a deploy to production opens its own when none is named."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import Annotated

from bot.api import (
    Caller,
    Change,
    ChangeTickets,
    ChangeType,
    Clock,
    Command,
    Done,
    Environment,
    FreeText,
    NewChange,
    Option,
    Reply,
    Risk,
    Service,
    Word,
    args,
    written,
)


class RiskLevel(enum.StrEnum):
    """ITIL risk: impact times likelihood, in three words."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Args(args):
    """What a change record has to say; the window is given in hours from now."""

    service: Annotated[Service, Word("for")]
    environment: Annotated[Environment, Word("in")]
    summary: Annotated[str, Option("what and why"), FreeText()]
    impact: Annotated[str, Option("clinical impact"), FreeText()]
    backout: Annotated[str, Option("back-out plan"), FreeText()]
    type: ChangeType = ChangeType.NORMAL
    risk: RiskLevel = RiskLevel.MEDIUM
    starts_in: int = 0
    hours: int = 4


async def run(arguments: Args, caller: Caller, changes: ChangeTickets, clock: Clock) -> Done:
    """Open it in the register."""
    start = clock.now() + timedelta(hours=arguments.starts_in)
    new = NewChange(
        service=arguments.service.id,
        environment=arguments.environment.name,
        summary=arguments.summary,
        requester=caller.principal.id,
        type=arguments.type,
        risk=arguments.risk.value,
        clinical_impact=arguments.impact,
        backout=arguments.backout,
        window_start=start,
        window_end=start + timedelta(hours=max(1, arguments.hours)),
        correlation=caller.correlation,
    )
    return Done((changes.open(new),), lambda results: _say(results[0]))


def _say(result: object) -> Reply:
    if not isinstance(result, Change):
        raise TypeError(f"not a change: {type(result).__name__}")
    return Reply(
        f"{result.number} is open for {result.environment} of {result.service}, from "
        f"{written(result.window_start)} to {written(result.window_end)}.",
        refs={"change": result.number, "state": result.state.value},
    )


command = Command(
    "change open",
    Args,
    run,
    summary="Open a change record.",
    role="responder",
    risk=Risk.CHANGE,
    examples=(
        'change open lab-results production --summary "ORU map" --impact none --backout rollback',
    ),
    repeatable=True,
)
