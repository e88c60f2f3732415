"""Say what became of a change that a run does not know the end of; it is never typed again unasked.

It was done, it was not (and is offered again), or the run goes on without it.
"""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, OneOf, Option, Risk, RunbookActs, args


class Args(args):
    """The run, its step, what became of it, and how you know."""

    run: Annotated[str, Id("RUN")]
    step: str
    outcome: Annotated[str, OneOf(("done", "not-done", "left-out"))]
    reason: Annotated[str, Option("how you know"), FreeText()]


async def run(arguments: Args, caller: Caller, acts: RunbookActs) -> Done:
    """Keep it, in the transaction of its record."""
    said = (arguments.outcome, arguments.reason)
    return await acts.settle(caller, arguments.run, arguments.step, *said)


command = Command(
    "runbook settle",
    Args,
    run,
    summary="Settle a change of a runbook.",
    role="responder",
    risk=Risk.CHANGE,
    examples=(
        "runbook settle RUN-3 back done --reason 'the version page says 1.4.1'",
        "runbook settle RUN-3 back not-done --reason 'no job of that hour on the CI server'",
    ),
    repeatable=True,
)
