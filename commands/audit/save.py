"""Keep a search of the audit log under a name of yours; `audit saved` shows and runs them."""

from __future__ import annotations

import re
from typing import Annotated

from bot.api import (
    BadInput,
    Button,
    Caller,
    Clock,
    Command,
    Done,
    FreeText,
    QueryLanguage,
    Reply,
    Risk,
    SavedSearch,
    SavedSearches,
    args,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class Args(args):
    """A name, and what you would type after `audit search`."""

    name: str
    query: Annotated[str, FreeText("words, deplo*, -word, by: service: env: verb: since: ...")]


async def run(
    arguments: Args,
    caller: Caller,
    language: QueryLanguage,
    searches: SavedSearches,
    clock: Clock,
) -> Done:
    """Keep it in place of an earlier one of the name; a query that makes no sense is explained."""
    name, query = arguments.name.lower(), arguments.query.strip()
    if not _NAME.fullmatch(name):
        raise BadInput("A name has letters, digits, dots and dashes, 40 at most: denied-in-lab.")
    if not query:
        raise BadInput("What is to be searched for? `audit save NAME by:engineer since:7d`")
    language(query)
    effect = searches.save(SavedSearch(caller.principal.id, name, query, clock.now()))
    return Done((effect,), lambda _: _kept(name, query))


def _kept(name: str, query: str) -> Reply:
    return Reply(
        f"`{name}` is kept: `audit search {query}`. `audit saved` shows all of yours.",
        buttons=(Button(name, f"audit search {query}"),),
    )


command = Command(
    "audit save",
    Args,
    run,
    summary="Keep a search of the audit log under a name.",
    role="reader",
    risk=Risk.CHANGE,
    examples=("audit save denied-week outcome:denied since:7d",),
    repeatable=True,
)
