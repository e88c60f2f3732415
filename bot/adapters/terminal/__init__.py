"""`wardroom chat`: one command, many piped in, or a prompt; a client of the web door."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.adapters.terminal.client import Server
from bot.adapters.terminal.exits import EXITS, worst
from bot.adapters.terminal.prompt import Prompt, sized
from bot.adapters.terminal.words import person_named, shown
from bot.model import Reason

__all__ = ["EXITS", "chat", "one", "piped"]


def chat(
    person: str,
    url: str,
    text: str | None,
    as_json: bool,  # noqa: FBT001 - the four that the command line hands over
    history: Path | None = None,
) -> int:
    """Run `wardroom chat` and return its exit code.

    Without text it reads lines from standard input, and where that is a terminal it prompts;
    `history` is the file that the prompt remembers its lines in.
    """
    if text is not None:
        return asyncio.run(one(url, person, text, as_json))
    if sys.stdin.isatty():
        return asyncio.run(prompted(url, person, as_json, history))
    return asyncio.run(piped(url, person, sys.stdin.read(), as_json))


async def one(url: str, person: str, text: str, as_json: bool) -> int:  # noqa: FBT001 - as above
    """Type one command and print its answer: 0 done or pending, 2 refused, 1 failed."""
    async with Server.at(url) as server:
        answer = await server.ask(text, person)
    _print(shown(answer, as_json=as_json))
    return EXITS[answer.reason]


async def piped(url: str, person: str, text: str, as_json: bool) -> int:  # noqa: FBT001 - as above
    """Type one command per line; the exit code is that of the worst ending."""
    endings: list[Reason] = []
    async with Server.at(url) as server:
        for line in filter(None, map(str.strip, text.splitlines())):
            named = person_named(line)
            if named is not None:
                person = named
                continue
            answer = await server.ask(line, person)
            if endings and not as_json:
                _print("")
            _print(shown(answer, as_json=as_json))
            endings.append(answer.reason)
            if answer.is_ours:
                break  # nobody is there, so the lines that follow would say the same
    return worst(endings)


async def prompted(url: str, person: str, as_json: bool, history: Path | None) -> int:  # noqa: FBT001 - as above
    """Offer a prompt until it is left."""
    async with Server.at(url) as server:
        trouble = await server.trouble()
        if trouble is not None:
            _print(shown(trouble, as_json=as_json))
            return EXITS[trouble.reason]
        await Prompt(server, person, sized(history), as_json=as_json).run()
    return 0


def _print(text: str) -> None:
    # A terminal that can not show a character shows a question mark, not a traceback.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    sys.stdout.flush()
