"""Begin a runbook: it types what only reads, and asks whenever a human is needed."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Risk, RunbookRuns, Word, args


class Args(args):
    """The runbook, and its parameters."""

    name: str
    parameters: Annotated[str, Word("with"), FreeText("name=value name=value")] = ""


async def run(arguments: Args, caller: Caller, runs: RunbookRuns) -> Done:
    """Keep it, in the transaction of its record."""
    return await runs.run(caller, arguments.name, arguments.parameters)


command = Command(
    "runbook run",
    Args,
    run,
    summary="Begin a runbook.",
    role="responder",
    risk=Risk.CHANGE,
    examples=(
        "runbook run pacs-unreachable",
        "runbook run certificate-expiry with service=portal expires=2026-12-01",
    ),
    repeatable=True,
)
