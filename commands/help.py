"""Show what you can type; `help WORDS` explains one command with examples to copy."""

from __future__ import annotations

from typing import Annotated

from bot.api import Caller, Command, FreeText, Manual, Reason, Reply, Risk, Table, args


class Args(args):
    """What to explain, or nothing for everything."""

    words: Annotated[str, FreeText("a command to explain")] = ""


async def run(arguments: Args, caller: Caller, manual: Manual) -> Reply:
    """List the commands the caller's roles allow, or explain one."""
    if arguments.words:
        return _explain(arguments.words.strip("` "), manual)
    rows = tuple((c.name, c.summary) for c in manual.allowed(caller.principal))
    return Reply(
        text="What you can type here. `help COMMAND` shows examples to copy.",
        title="Help",
        table=Table(("Command", "What it does"), rows),
    )


def _explain(words: str, manual: Manual) -> Reply:
    found = manual.find(words)
    if found is None:
        return Reply(
            f"There is no command `{words[:40]}`.{manual.suggest(words)} "
            "Type `help` for what you can do.",
            Reason.UNKNOWN_COMMAND,
        )
    return Reply(
        text=found.summary,
        title=found.name,
        fields=(("Usage", f"`{manual.usage(found)}`"), ("Needs the role", found.role)),
        items=tuple(f"`{example}`" for example in found.examples),
    )


command = Command(
    "help",
    Args,
    run,
    summary="Show what you can type here.",
    role="visitor",
    risk=Risk.READ,
    examples=("help", "help deploy"),
)
