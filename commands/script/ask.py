"""Ask a script that only reads; its exit code and declared figures are what it found."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, FreeText, Reply, Risk, Scripts, Word, args


class Args(args):
    """The script and its values."""

    name: str
    parameters: Annotated[str, Word("with"), FreeText("name=value name=value")] = ""


async def run(arguments: Args, caller: Caller, scripts: Scripts) -> Reply:
    """Run it now, and answer with the end of what it printed."""
    return await scripts.ask(caller, arguments.name, arguments.parameters)


command = Command(
    "script ask",
    Args,
    run,
    summary="Ask a script that only reads.",
    role="responder",
    risk=Risk.READ,
    examples=("script ask count-drops", "script ask count-drops with folder=in"),
)
