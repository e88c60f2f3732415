"""Hand a run over to a colleague: it types as before until they take it over."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, Id, Principal, Risk, RunbookActs, Word, args


class Args(args):
    """The run, and whom it is handed to."""

    run: Annotated[str, Id("RUN")]
    to: Annotated[Principal, Word("to")]


async def run(arguments: Args, caller: Caller, acts: RunbookActs) -> Done:
    """Keep it, in the transaction of its record."""
    return await acts.hand_over(caller, arguments.run, arguments.to)


command = Command(
    "runbook hand-over",
    Args,
    run,
    summary="Hand a runbook over to a colleague.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook hand-over RUN-3 to engineer-2",),
    repeatable=True,
)
