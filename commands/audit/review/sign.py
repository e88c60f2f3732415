"""Sign the access review, with what you found; your own line needs a second signer."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    AccessReviews,
    Caller,
    Command,
    Done,
    FreeText,
    Option,
    Proposal,
    Risk,
    args,
)


class Args(args):
    """The last event that the review showed, and what it found."""

    to: Annotated[int, Option("the last event that `audit review` showed")]
    findings: Annotated[str, Option("what you found, or that you found nothing"), FreeText()]


async def propose(arguments: Args, caller: Caller, reviews: AccessReviews) -> Proposal:
    """Say which review it is; nobody signs alone for themselves."""
    return await reviews.propose_signing(caller, arguments.to, arguments.findings)


async def run(proposal: Proposal, caller: Caller, reviews: AccessReviews) -> Done:
    """Record the signature with the size and root of the log at that moment."""
    return reviews.sign(caller, proposal)


command = Command(
    "audit review sign",
    Args,
    run,
    summary="Sign the access review with its findings.",
    role="auditor",
    risk=Risk.CHANGE,
    examples=(
        'audit review sign --to 1234 --findings "two roles are never used: asked their owners"',
    ),
    propose=propose,
    repeatable=True,
)
