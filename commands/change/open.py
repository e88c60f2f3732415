"""Open a change record; a deploy to production opens its own when none is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from bot.api import (
    Caller,
    ChangeAsked,
    Changes,
    ChangeType,
    Command,
    Done,
    Environment,
    FreeText,
    Id,
    OneOf,
    Option,
    Risk,
    Service,
    Word,
    args,
)

ALWAYS = ("summary", "impact", "backout")
NORMAL = ("risk", "sites", "from_", "until", "implementation", "test_evidence", "validator")


class Args(args):
    """What a change record has to say; the window by two moments, or in hours from now."""

    service: Annotated[Service, Word("for")]
    environment: Annotated[Environment, Word("in")]
    summary: Annotated[str, Option("what and why"), FreeText()] = ""
    impact: Annotated[str, Option("clinical impact"), FreeText()] = ""
    risk: Annotated[
        str, Option("ITIL risk: low, medium or high"), OneOf(("low", "medium", "high"))
    ] = ""
    sites: Annotated[str, Option("the sites that are affected")] = ""
    from_: Annotated[str, Option("when the window opens, such as Tue 02:00")] = ""
    until: Annotated[str, Option("when it closes, such as Tue 04:00")] = ""
    implementation: Annotated[str, Option("how it is done"), FreeText()] = ""
    test_evidence: Annotated[str, Option("what was tested, and where"), FreeText()] = ""
    backout: Annotated[str, Option("back-out plan"), FreeText()] = ""
    validator: Annotated[str, Option("who validates it: a person or a role")] = ""
    type: ChangeType | None = None
    incident: Annotated[str, Id("INC"), Option("for an emergency change")] = ""
    template: Annotated[str, Option("for a standard change: change templates")] = ""
    parameters: Annotated[str, Option("of its template: name=value name=value")] = ""
    version: Annotated[str, Option("of a standard change, where its template bounds it")] = ""
    despite: Annotated[str, Option("what it overlaps on purpose: CHG-7")] = ""
    reason: Annotated[str, Option("why that is right"), FreeText()] = ""
    starts_in: int | None = None
    hours: int | None = None


async def run(arguments: Args, caller: Caller, changes: Changes) -> Done:
    """Open it in the register, with the review that an emergency change has to have."""
    given = {
        name: str(value)
        for name, value in arguments
        if name not in ("service", "environment", "type", "summary") and value not in ("", None)
    }
    asked = ChangeAsked(
        service=arguments.service,
        environment=arguments.environment.name,
        type=arguments.type or (ChangeType.STANDARD if arguments.template else ChangeType.NORMAL),
        summary=arguments.summary,
        given=given,
    )
    return await changes.open(asked, caller)


def asks(given: Mapping[str, str]) -> Sequence[str]:
    """Return what a form has to ask for at once, by the type of change."""
    if given.get("template") or given.get("type") == ChangeType.STANDARD.value:
        return ("template",)
    if given.get("type") == ChangeType.EMERGENCY.value:
        return ("summary", "incident")
    in_hours = given.get("starts_in") or given.get("hours")
    window = ("from_", "until") if in_hours else ()
    asked = NORMAL if given.get("environment", "production") == "production" else ()
    return (*ALWAYS, *(name for name in asked if name not in window))


NORMAL_ONE = (
    'change open lab-results production --summary "ORU map" --impact "late results" --risk low '
    '--sites main --from "Tue 02:00" --until "Tue 04:00" --implementation "deploy 1.4.2" '
    '--test-evidence "LAB-TEST-7" --backout rollback --validator safety-officer'
)
STANDARD_ONE = (
    'change open lab-results production --template restart-interface --from "Tue 02:00" --hours 2 '
    '--parameters "channel=oru batch=10" --version 1.4.2'
)
command = Command(
    "change open",
    Args,
    run,
    summary="Open a change record.",
    role="responder",
    risk=Risk.CHANGE,
    examples=(
        NORMAL_ONE,
        "change open portal test --summary banner --impact none --backout rollback",
        'change open pacs production --type emergency --incident INC-4 --summary "viewer is down"',
        STANDARD_ONE,
    ),
    repeatable=True,
    asks=asks,
    runbooks=True,
)
