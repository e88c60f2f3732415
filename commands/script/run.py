"""Run an allow-listed script that changes something, once, by the policy of what it acts on.

Its values are arguments of one program; no shell sees them here. `--dry-run` shows the exact list.
"""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, Done, FreeText, Option, Proposal, Risk, Scripts, Word, args


class Args(args):
    """The script, its values, and why."""

    name: str
    parameters: Annotated[str, Word("with"), FreeText("name=value name=value")] = ""
    reason: Annotated[str, Option("why it is run"), FreeText()]


async def propose(arguments: Args, scripts: Scripts) -> Proposal:
    """Bind the asking to the exact argument list and the entry that it comes from."""
    return await scripts.propose(arguments.name, arguments.parameters, arguments.reason)


async def check(
    proposal: Proposal, caller: Caller, scripts: Scripts
) -> tuple[tuple[str, str], ...]:
    """Refuse while everything is stopped, frozen or locked there, or while it runs already."""
    return await scripts.check(proposal, caller)


async def run(proposal: Proposal, caller: Caller, scripts: Scripts) -> Done:
    """Keep the run, and have it carried out."""
    return scripts.start(proposal, caller)


command = Command(
    "script run",
    Args,
    run,
    summary="Run a script that changes something.",
    role="responder",
    risk=Risk.CHANGE,
    examples=(
        'script run restart-router with site=north --reason "no link since 03:10"',
        'script run restart-router with site=north --reason "what would run?" --dry-run',
    ),
    propose=propose,
    check=check,
    repeatable=True,
    runbooks=True,
)
