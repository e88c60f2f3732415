"""Drill a runbook: every step is done, and what would change something is only checked."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Risk, RunbookRuns, Word, args


class Args(args):
    """The runbook, and its parameters."""

    name: str
    parameters: Annotated[str, Word("with"), FreeText("name=value name=value")] = ""


async def run(arguments: Args, caller: Caller, runs: RunbookRuns) -> Done:
    """Keep it, in the transaction of its record."""
    return await runs.run(caller, arguments.name, arguments.parameters, drill=True)


command = Command(
    "runbook drill",
    Args,
    run,
    summary="Practise a runbook: nothing is changed.",
    role="responder",
    risk=Risk.CHANGE,
    examples=("runbook drill pacs-unreachable",),
    repeatable=True,
)
