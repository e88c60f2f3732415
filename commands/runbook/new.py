"""Answer a form and get the text of a new runbook, which is then completed and reviewed.

Nothing is written on the server.
"""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Command,
    FreeText,
    OneOf,
    Option,
    Reply,
    Risk,
    Runbooks,
    Service,
    WantedRunbook,
    args,
)


class Args(args):
    """What stands at the top of every runbook."""

    name: str
    title: Annotated[str, Option("what is wrong, as whoever calls would say it"), FreeText()]
    owner: Annotated[str, Option("the team or person who keeps it true")]
    review_by: Annotated[str, Option("the day of its next review, such as 2027-03-31")]
    severity: Annotated[str, Option("1 is the worst"), OneOf(("1", "2", "3", "4"))]
    summary: Annotated[str, Option("what it is for, in a sentence or two"), FreeText()]
    service: Annotated[Service | None, Option("what it is about")] = None


async def run(arguments: Args, runbooks: Runbooks) -> Reply:
    """Answer with the text."""
    wanted = WantedRunbook(
        name=arguments.name.lower(),
        title=arguments.title,
        owner=arguments.owner,
        review_by=arguments.review_by,
        severity=arguments.severity,
        summary=arguments.summary,
        service=arguments.service.id if arguments.service else "",
    )
    return runbooks.draft(wanted)


_EXAMPLE = (
    'runbook new portal-down --title "The portal does not answer" --owner web-team '
    '--review-by 2027-03-31 --severity 2 --summary "Patients cannot open the portal." '
    "--service portal"
)

command = Command(
    "runbook new",
    Args,
    run,
    summary="Get the text of a new runbook.",
    role="reader",
    risk=Risk.READ,
    examples=(_EXAMPLE,),
)
