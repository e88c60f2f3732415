"""Have a runbook begin by the clock, typed as you and with the rights that you have then."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Option, Risk, RunbookSchedules, Word, args


class Args(args):
    """The runbook, when, and its parameters."""

    name: str
    cron: Annotated[str, Option('minute hour day month weekday, such as "0 6 * * 1"')]
    parameters: Annotated[str, Word("with"), FreeText("name=value name=value")] = ""


async def run(arguments: Args, caller: Caller, schedules: RunbookSchedules) -> Done:
    """Keep it, in the transaction of its record."""
    return await schedules.schedule(caller, arguments.name, arguments.cron, arguments.parameters)


command = Command(
    "runbook schedule",
    Args,
    run,
    summary="Have a runbook begin by the clock.",
    role="responder",
    risk=Risk.CHANGE,
    examples=(
        'runbook schedule pacs-unreachable --cron "0 6 * * 1"',
        'runbook schedule certificate-expiry with service=portal --cron "30 7 1 * *"',
    ),
    repeatable=True,
)
