"""Reads drawn Block Kit, and checks it as Slack does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.render.blocks import MESSAGE_SIZE, Message
from tests.render.skeleton import Checked

LIVE = ("<!", "<@", "<#", "@here", "@channel", "@everyone", "<at>", "</at>")
SCHEMAS = Path(__file__).parents[3] / "shared/reference/data/slack/block-kit"


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in blocks."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, (dict, list, tuple)):
            yield from walk(child)


def words(made: Message) -> str:
    """Return everything that the blocks say."""
    return "\n".join(
        part["text"] for part in walk(made.blocks) if isinstance(part.get("text"), str)
    )


def buttons(made: Message) -> list[dict[str, Any]]:
    """Return the buttons, in order."""
    return [part for part in walk(made.blocks) if part.get("type") == "button"]


def check(made: Message) -> None:
    """Check a message as Slack does: lengths by its models, structure by its types."""
    blocks = json.loads(json.dumps(made.blocks))
    assert 0 < len(blocks) <= 50
    assert 0 < len(made.text) <= 4000
    assert len(json.dumps(blocks, ensure_ascii=False)) <= MESSAGE_SIZE
    for block in Block.parse_all(blocks):
        block.validate_json()
    for part in walk(blocks):
        check_part(part)
    for block in blocks:
        obey("blocks.schema.json", [block])  # one by one: the same ones come again


@cache
def schema(name: str) -> Checked | None:
    """Return one of Slack's schemas, read once; None where there is none to read."""
    file = SCHEMAS / name
    if not file.exists():
        return None
    return Checked(jsonschema.Draft7Validator(json.loads(file.read_text("utf-8"))))


def obey(name: str, made: dict[str, Any] | list[Any]) -> None:
    """Check something against one of Slack's schemas, where they are."""
    validator = schema(name)
    if validator is not None:
        validator.validate(made)


def said(part: dict[str, Any]) -> str:
    """Return what a part of a message says, as it is written where nothing is computed."""
    runs = (one.get("fallback", one.get("text", "")) for one in walk(part))
    return "".join(run for run in runs if isinstance(run, str))


def check_part(part: dict[str, Any]) -> None:
    """Check what Slack's models do not."""
    kind = part.get("type")
    assert kind != "mrkdwn", "somebody's text must never be read as markup"
    if kind == "button":
        assert 0 < len(part["text"]["text"]) <= 75
        assert 0 < len(part["value"]) <= 2000
        assert len(part["action_id"]) <= 255
    if kind == "table":
        assert len(part["rows"]) <= 100
        assert all(len(row) <= 20 for row in part["rows"])
        assert sum(len(said(cell)) for row in part["rows"] for cell in row) <= 10_000
    if kind in ("text", "raw_text", "plain_text"):
        assert part["text"]
    if kind == "image":
        assert part["image_url"].startswith("https://")
        assert len(part["image_url"]) <= 3000
        assert 0 < len(part["alt_text"]) <= 2000


def check_view(view: dict[str, Any]) -> None:
    """Check a modal as Slack does."""
    view = json.loads(json.dumps(view))
    View(**view).validate_json()
    obey("view.schema.json", view)
