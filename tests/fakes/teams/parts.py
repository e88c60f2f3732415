"""What a small Teams shows, and how it reads cards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]

CARD = "application/vnd.microsoft.card.adaptive"
LARGEST = 80_000  # bytes of UTF-16 JSON; Teams itself refuses a little later
HIDDEN = ("fallback", "refresh")  # what a client that knows better does not show


@dataclass
class Shown:
    """A message as it stands now; `versions` are all the bodies it ever had.

    `to` is the one person who sees it, "" for everybody in the conversation.
    """

    conversation: str
    id: str
    body: Object
    to: str = ""
    versions: list[Object] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the plain text, "" where there is a card."""
        return str(self.body.get("text") or "")

    @property
    def card(self) -> Object:
        """Return the card, {} where there is none."""
        attached = self.body.get("attachments") or [{}]
        return dict(attached[0].get("content") or {})

    @property
    def words(self) -> str:
        """Return everything that it says, in the order it is read."""
        return self.text or words(self.card)

    @property
    def buttons(self) -> dict[str, Object]:
        """Return the actions by title."""
        return actions(self.card)


@dataclass(frozen=True)
class Call:
    """One call of the connector: the method, the path behind `/v3/`, and what was sent."""

    method: str
    path: str
    query: Object
    body: Object
    token: str


@dataclass(frozen=True)
class Acknowledged:
    """What a request of ours was answered with."""

    status: int
    body: str

    @property
    def json(self) -> Object:
        """Return the body as the object it is; {} where it is empty."""
        return dict(json.loads(self.body)) if self.body else {}


def words(card: Object) -> str:
    """Return every text in a card, one per line."""
    said = []
    for part in walk(card):
        if part.get("type") in ("TextBlock", "TextRun") and isinstance(part.get("text"), str):
            said.append(part["text"])
        if part.get("type") == "FactSet":
            said += [f"{fact['title']} {fact['value']}" for fact in part.get("facts", [])]
    return "\n".join(said)


def actions(card: Object) -> dict[str, Object]:
    """Return a card's actions by title; an action's fallback is not one of them."""
    return {
        str(part.get("title", "")): part
        for part in walk(card)
        if str(part.get("type", "")).startswith("Action.")
    }


def inputs(card: Object) -> dict[str, Object]:
    """Return a card's inputs by id."""
    return {
        str(part["id"]): part
        for part in walk(card)
        if str(part.get("type", "")).startswith("Input.")
    }


def walk(node: Any) -> Iterator[Object]:
    """Return every object in a card that is shown."""
    if isinstance(node, dict):
        yield node
    for name, child in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(child, (dict, list)) and name not in HIDDEN:
            yield from walk(child)


def unpostable(body: Object) -> tuple[int, str]:
    """Return the status and code that Teams refuses an activity with, (0, "") for a good one."""
    if len(json.dumps(body, ensure_ascii=False).encode("utf-16-le", "surrogatepass")) > LARGEST:
        return 413, "MessageSizeTooBig"
    if body.get("text") and body.get("attachments"):
        # Teams would split it in two, and the message could never be edited again.
        return 400, "BadSyntax"
    if body.get("type") == "message" and not (body.get("text") or body.get("attachments")):
        return 400, "BadSyntax"
    return 0, ""
