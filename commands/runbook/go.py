"""Have a run do what it offers: once, as you, with all approvals that it needs."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, Id, Risk, RunbookActs, args


class Args(args):
    """The run, and its step."""

    run: Annotated[str, Id("RUN")]
    step: str


async def run(arguments: Args, caller: Caller, acts: RunbookActs) -> Done:
    """Keep the go, and have the run type it, in the transaction of its record."""
    return await acts.go(caller, arguments.run, arguments.step)


command = Command(
    "runbook go",
    Args,
    run,
    summary="Say go to a change of a runbook.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook go RUN-3 back",),
    repeatable=True,
)
