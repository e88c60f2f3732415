"""Show a run of a script with the end of what it printed, or the last runs."""

from __future__ import annotations

from typing import Annotated

from bot.api import Command, Id, Reply, Risk, Scripts, Word, args


class Args(args):
    """A run, or nothing for the last ones."""

    script_run: Annotated[str, Id("SCR"), Word("of")] = ""


async def run(arguments: Args, scripts: Scripts) -> Reply:
    """Answer from what is kept."""
    return await scripts.status(arguments.script_run)


command = Command(
    "script status",
    Args,
    run,
    summary="Show runs of scripts.",
    role="reader",
    risk=Risk.READ,
    examples=("script status", "script status SCR-3"),
    quotes=True,
)
