"""Reads drawn Adaptive Cards, and checks them as Teams does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from bot.render.cards import ACTIVITY_SIZE, CARD_SIZE, Message, size
from bot.render.plain import clean
from tests.render.skeleton import Checked

SCHEMA = (
    Path(__file__).parents[3]
    / "shared/reference/data/teams/adaptive-cards/schemas/1.5.0/adaptive-card.json"
)
MENTION = re.compile(r"</?at\b", re.IGNORECASE)
# What of a card a person reads, beside the runs of text.
READ = ("text", "altText", "title", "label", "placeholder", "errorMessage", "fallbackText")
# A moment of ours, whole: nothing but digits stand in what the client computes.
MOMENT = re.compile(
    r"\{\{DATE\((20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ), SHORT\)\}\} \{\{TIME\(\1\)\}\}"
    r" \(\d\d:\d\d UTC\)",
    re.ASCII,
)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a card, but not what its buttons hold for us."""
    if isinstance(node, dict):
        yield node
    children = [v for k, v in node.items() if k != "data"] if isinstance(node, dict) else node
    for child in children:
        if isinstance(child, (dict, list, tuple)):
            yield from walk(child)


def said(card: Any) -> list[str]:
    """Return everything that a card shows."""
    return [part[key] for part in walk(card) for key in READ if isinstance(part.get(key), str)]


def words(card: Any) -> str:
    """Return what the card's runs of text say."""
    return "\n".join(part["text"] for part in walk(card) if part.get("type") == "TextRun")


def of_kind(card: Any, kind: str) -> list[dict[str, Any]]:
    """Return the parts of one type, in order."""
    return [part for part in walk(card) if part.get("type") == kind]


def buttons(made: Message) -> list[dict[str, Any]]:
    """Return what the card's row of buttons holds, in order."""
    actions: Any = made.card.get("actions", [])
    return list(actions)


@cache
def schema() -> Checked | None:
    """Return the schema of version 1.5, read once; None where there is none to read."""
    if not SCHEMA.exists():
        return None
    return Checked(jsonschema.Draft6Validator(json.loads(SCHEMA.read_text("utf-8"))))


def check(card: Any) -> None:
    """Check a card as Teams does: its schema, its size, ids that are its own."""
    written = json.dumps(card, ensure_ascii=False)
    written.encode("utf-8")
    assert len(written.encode("utf-16-le")) == size(card) <= CARD_SIZE
    card = json.loads(written)
    # `msteams` is Teams' own addition to the format, so that the format's schema has none.
    assert card.pop("msteams") == {"width": "Full"}
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.5")
    assert card["body"]
    assert card["fallbackText"]
    ids = [part["id"] for part in walk(card) if "id" in part]
    assert len(ids) == len(set(ids)), "the native clients refuse a card with one id twice"
    assert all(part["text"] for part in of_kind(card, "TextRun"))
    assert not of_kind(card, "TextBlock"), "a TextBlock is read as markdown"
    assert not of_kind(card, "FactSet"), "a fact is read as markdown"
    validator = schema()
    if validator is not None:
        parts = [("body", part) for part in card.pop("body")]
        parts += [("actions", part) for part in card.pop("actions", [])]
        for name, part in parts:  # one by one: the same ones come again
            validator.validate({**card, name: [part]})


def check_message(made: Message) -> None:
    """Check a message: its card, and that the whole activity has room for the rest."""
    check(made.card)
    assert 0 < len(made.text) <= 1000
    assert size(made.card) + size(made.text) < ACTIVITY_SIZE
    modes = [action.get("mode") for action in buttons(made)]
    assert modes == [None] * min(len(modes), 6) + ["secondary"] * max(len(modes) - 6, 0)


def moments(card: Any) -> list[str]:
    """Return what the client is asked to compute, as the moment it is, in order."""
    found = (MOMENT.fullmatch(run["text"]) for run in of_kind(card, "TextRun"))
    return [match.group(1) for match in found if match]


def check_nothing_acts(card: Any) -> None:
    """Check everything that a card shows; only a moment of ours is computed."""
    ours = [run["text"] for run in of_kind(card, "TextRun") if MOMENT.fullmatch(run["text"])]
    for shown in said(card):
        if shown in ours:
            continue
        assert not MENTION.search(shown)
        assert "{{" not in shown
        assert "${" not in shown
        assert clean(shown) == shown
    assert not [part for part in walk(card) if "entities" in part or "selectAction" in part]
