"""Close a review with what was found; never of what you did yourself."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, Option, ReviewTasks, Risk, args


class Args(args):
    """The task, and what was found."""

    task: Annotated[str, Id("TASK")]
    findings: Annotated[str, Option("what you looked at and what you found"), FreeText()]


async def run(arguments: Args, caller: Caller, reviews: ReviewTasks) -> Done:
    """Close it, in the transaction of its record."""
    return await reviews.close(caller, arguments.task, arguments.findings)


command = Command(
    "task close",
    Args,
    run,
    summary="Close a review of an emergency, with findings.",
    role="reader",
    risk=Risk.CHANGE,
    examples=(
        'task close TASK-1 --findings "the lock was stale; deploying 1.4.2 at once was right"',
    ),
    repeatable=True,
)
