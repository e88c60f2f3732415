"""What the terminal prints, and the words that it understands by itself."""

from __future__ import annotations

import re

from bot.adapters.terminal.client import Answer, contract_line
from bot.render.plain import clean

PERSON = re.compile(r":?as\s+(\S+)")
LEAVE = frozenset({"exit", "quit", ":exit", ":quit", ":q"})


def shown(answer: Answer, *, as_json: bool) -> str:
    """Return an answer as it is printed; nothing in it can command the terminal."""
    return contract_line(answer) if as_json else clean(answer.text)


def person_named(line: str) -> str | None:
    """Return who `as PERSON` names, or None for any other line."""
    found = PERSON.fullmatch(line.strip())
    return found.group(1) if found else None


def greeting(url: str, person: str) -> str:
    """Return the lines that a prompt begins with."""
    who = f"You are {person}." if person else "You are nobody yet."
    return (
        f"Wardroom at {url}. {who}\n"
        "Type help, `as PERSON` to be somebody else, Ctrl-D to leave. Tab completes."
    )


class Shown:
    """Remembers what was printed of each message, so that only what changed is printed again."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def note(self, answer: Answer) -> None:
        """Take a message as printed."""
        if answer.ref:
            self._lines[answer.ref] = clean(answer.text).splitlines()

    def news(self, answer: Answer) -> str:
        """Return what an edit changed, each line under its topic's name; "" for nothing."""
        name = answer.topic or "Wardroom"
        before = self._lines.get(answer.ref, [])
        lines = clean(answer.text).splitlines()
        self.note(answer)
        return "\n".join(f"{name}  {line}" for line in lines if line.strip() and line not in before)
