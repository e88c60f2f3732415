"""Stop a run of a script: it is asked to end, and ended by force where it does not."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Id, Option, Risk, Scripts, args


class Args(args):
    """The run, and why it is stopped."""

    script_run: Annotated[str, Id("SCR")]
    reason: Annotated[str, Option("why it is stopped"), FreeText()]


async def run(arguments: Args, caller: Caller, scripts: Scripts) -> Done:
    """Write the wish down; whichever replica runs it sees to it."""
    return await scripts.stop(caller, arguments.script_run, arguments.reason)


command = Command(
    "script stop",
    Args,
    run,
    summary="Stop a run of a script.",
    role="responder",
    risk=Risk.CHANGE,
    examples=('script stop SCR-3 --reason "wrong site"',),
    repeatable=True,
)
