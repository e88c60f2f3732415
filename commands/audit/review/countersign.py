"""Sign the last access review as its second signer: you reviewed the first one's own access."""

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
    """What the review found, in a sentence."""

    findings: Annotated[str, Option("what you found, or that you found nothing"), FreeText()]


async def propose(arguments: Args, caller: Caller, reviews: AccessReviews) -> Proposal:
    """Say which review it is; nobody signs alone for themselves."""
    return await reviews.propose_countersigning(caller, arguments.findings)


async def run(proposal: Proposal, caller: Caller, reviews: AccessReviews) -> Done:
    """Record the signature with the size and root of the log at that moment."""
    return reviews.countersign(caller, proposal)


command = Command(
    "audit review countersign",
    Args,
    run,
    summary="Sign as second signer of a review.",
    role="auditor",
    risk=Risk.CHANGE,
    examples=('audit review countersign --findings "nothing to say"',),
    propose=propose,
    repeatable=True,
)
