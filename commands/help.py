"""Show what you can type; `help WORDS` explains one command with examples to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from bot.api import (
    Button,
    Caller,
    Command,
    FreeText,
    Manual,
    Principal,
    Reason,
    Reply,
    Risk,
    Table,
    args,
)


class Args(args):
    """What to explain, or nothing for everything."""

    words: Annotated[str, FreeText("a command to explain")] = ""


async def run(arguments: Args, caller: Caller, manual: Manual) -> Reply:
    """List the commands the caller's roles allow, or explain one."""
    words = " ".join(arguments.words.strip("`/ ").split())
    if words:
        return _explain(words, caller.principal, manual)
    allowed = manual.allowed(caller.principal)
    tour = any(command.name == "tour" for command in allowed)
    return Reply(
        text="What you can type here. `help COMMAND` says more of one, with examples to copy.",
        title="Help",
        table=_table(allowed),
        buttons=(Button("Take the tour", "tour"),) if tour else (),
    )


def _explain(words: str, principal: Principal, manual: Manual) -> Reply:
    found, group = manual.find(words), manual.under(words, principal)
    if found is None and group:
        return Reply(
            text=f"What begins with `{words.lower()}`. `help COMMAND` says more of one.",
            title=words.lower(),
            table=_table(group),
        )
    if found is None:
        return Reply(
            f"There is no command `{words[:40]}`.{manual.suggest(words, principal)} "
            "Type `help` for what you can do.",
            Reason.UNKNOWN_COMMAND,
        )
    if found not in manual.allowed(principal):
        return Reply(
            f"You may not type `{found.name}`: it needs the role {found.role}, and no policy of "
            "your site against it. Type `help` for what you can do.",
            Reason.NOT_AUTHORISED,
            table=_table(group) if group else None,
        )
    others = [c.name for c in group if c.name != found.name]
    more = (("See also", ", ".join(f"`{name}`" for name in others)),) if others else ()
    return Reply(
        text=f"{found.summary}{_careful(found)}",
        title=found.name,
        fields=(("Usage", f"`{manual.usage(found)}`"), ("Needs the role", found.role), *more),
        items=tuple(f"`{example}`" for example in found.examples),
    )


def _careful(command: Command) -> str:
    if command.risk is Risk.READ:
        return " It only reads."
    return " It changes something; with `--dry-run` it only says what it would do."


def _table(commands: Sequence[Command]) -> Table:
    rows = tuple((c.name, c.summary, c.examples[0]) for c in commands)
    return Table(("Command", "What it does", "For example"), rows)


command = Command(
    "help",
    Args,
    run,
    summary="Show what you can type here.",
    role="outsider",
    risk=Risk.READ,
    examples=("help", "help deploy"),
)
