"""Show the searches that you keep; a button each types `audit search` with its query."""

from __future__ import annotations

from typing import Annotated

from bot.api import (
    BadInput,
    Button,
    Caller,
    Command,
    Reason,
    Reply,
    Risk,
    SavedSearches,
    Table,
    Word,
    args,
    written,
)

_BUTTONS = 5


class Args(args):
    """A name, for the button of one alone."""

    name: Annotated[str, Word("named")] = ""


async def run(arguments: Args, caller: Caller, searches: SavedSearches) -> Reply:
    """Answer with your own; the search itself is typed, and recorded, as always."""
    kept = [
        each
        for each in await searches.list(caller.principal.id)
        if arguments.name.lower() in {"", each.name}
    ]
    if not kept and arguments.name:
        raise BadInput(
            f"You keep no search `{arguments.name.lower()}`. `audit saved` shows yours.",
            reason=Reason.NOT_FOUND,
        )
    if not kept:
        return Reply("You keep no searches. `audit save denied-week outcome:denied since:7d`")
    rows = tuple((each.name, f"audit search {each.query}", written(each.at)) for each in kept)
    return Reply(
        text="One search." if len(kept) == 1 else f"{len(kept)} searches.",
        title="Saved searches",
        table=Table(("Name", "What it types", "Since"), rows),
        buttons=tuple(Button(each.name, f"audit search {each.query}") for each in kept[:_BUTTONS]),
    )


command = Command(
    "audit saved",
    Args,
    run,
    summary="Show the searches that you keep.",
    role="reader",
    risk=Risk.READ,
    examples=("audit saved", "audit saved denied-week"),
)
