"""Hold what the audit log has of an incident, a person, a service or a time: it is not pruned."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    Caller,
    Command,
    Done,
    FreeText,
    HoldTerms,
    LegalHolds,
    Option,
    Proposal,
    Reply,
    Risk,
    args,
)


class Args(args):
    """What is held, all of it together, and why."""

    why: Annotated[str, Option("why it must be kept"), FreeText()]
    incident: Annotated[str, Option("such as INC-3")] = ""
    person: Annotated[str, Option("what somebody did")] = ""
    service: Annotated[str, Option("what was done to a service")] = ""
    since: Annotated[str, Option("from then on, such as 2026-11-01")] = ""
    before: Annotated[str, Option("what was before then")] = ""


async def propose(arguments: Args, holds: LegalHolds) -> Proposal:
    """Say what would be held."""
    wanted = HoldTerms(
        incident=arguments.incident,
        person=arguments.person,
        service=arguments.service,
        since=arguments.since,
        before=arguments.before,
    )
    return await holds.propose_adding(wanted, arguments.why)


async def run(proposal: Proposal, caller: Caller, holds: LegalHolds) -> Done:
    """Make the hold, in the transaction of its record."""
    what = proposal.summary.partition(" ")[2]

    def say(results: tuple[object, ...]) -> Reply:
        said = f"{results[0]} holds {what}: it is not pruned, however old it gets."
        return Reply(said, refs={"hold": str(results[0])})

    return Done((holds.add(proposal, caller.principal.id, caller.correlation),), say)


command = Command(
    "audit hold add",
    Args,
    run,
    summary="Keep what the log has of something, however old.",
    role="auditor",
    risk=Risk.CHANGE,
    examples=(
        'audit hold add --incident INC-3 --why "claim 2031-17"',
        'audit hold add --service lab-results --since 2026-11-01 --before 2026-12-01 --why "audit"',
    ),
    propose=propose,
    repeatable=True,
)
