"""Destroy what somebody wrote in the log, for good; a second person has to agree."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    BadInput,
    Caller,
    Command,
    Done,
    FreeText,
    Option,
    Proposal,
    Redactions,
    Reply,
    Risk,
    args,
)

NAME = "audit redact"


class Args(args):
    """The event, which of its texts (reason, note, text...), and why it has to go."""

    number: int
    field: Annotated[str, Option("which text: reason, note, findings, text...")]
    why: Annotated[str, Option("why it has to go, without saying it again"), FreeText()]


async def propose(arguments: Args, redactions: Redactions) -> Proposal:
    """Name every opening that goes: the same text stands in other events of the action."""
    if not arguments.why.strip():
        raise BadInput("Say why: `--why ...` is what the second person and the record will read.")
    openings = await redactions.openings(arguments.number, arguments.field)
    values = {
        "number": str(arguments.number),
        "field": arguments.field,
        "why": arguments.why,
    }
    facts = {"openings": " ".join(openings)}
    summary = f"Destroy the {arguments.field} of event {arguments.number} for good"
    return Proposal(NAME, values, facts, summary)


async def run(proposal: Proposal, caller: Caller, redactions: Redactions) -> Done:
    """Destroy it in the transaction of the record, then its keys and what the disk has of it."""
    number, field = proposal.values["number"], proposal.values["field"]
    openings = proposal.facts["openings"].split()

    def say(results: tuple[object, ...]) -> Reply:
        return Reply(
            f"The {field} of event {number} is redacted by {caller.request}: {results[0]} of the "
            f"log's texts are gone for good. Every proof still holds. What free pages and copies "
            "may still have: `wardroom audit residue`."
        )

    async def after(reply: Reply, _results: tuple[object, ...]) -> Reply:
        await redactions.finish()
        return reply

    return Done((redactions.redact(openings, caller.request),), say, after)


command = Command(
    NAME,
    Args,
    run,
    summary="Destroy a free text in the log for good.",
    role="auditor",
    risk=Risk.CRITICAL,
    examples=('audit redact 42 --field reason --why "names a patient, ticket 812"',),
    propose=propose,
    repeatable=True,
)
