"""Show who may do what, who did and who never did, since the last review that was signed."""

from __future__ import annotations

from typing import Annotated

from bot.api import AccessReviews, Caller, Command, Principal, Reply, Risk, Word, args


class Args(args):
    """Somebody to look at closely, or nobody for a line of everybody's."""

    person: Annotated[Principal | None, Word("of")] = None


async def run(arguments: Args, caller: Caller, reviews: AccessReviews) -> Reply:
    """Answer from the people, the policies and the log; looking is in the log, too."""
    return await reviews.show(caller, arguments.person)


command = Command(
    "audit review",
    Args,
    run,
    summary="Show who may do what, and who did.",
    role="auditor",
    risk=Risk.READ,
    examples=("audit review", "audit review of engineer"),
)
