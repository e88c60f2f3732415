"""What a small Slack shows, and how it reads blocks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.slack import Slack

Object: TypeAlias = dict[str, Any]

MESSAGE_BLOCKS, BLOCKS_SIZE = 50, 13_000


@dataclass
class Shown:
    """A message in a channel, as it stands now; `versions` are all bodies it ever had."""

    channel: str
    ts: str
    text: str
    blocks: list[Object]
    thread: str = ""
    user: str = ""
    view: Object = field(default_factory=dict)
    versions: list[Object] = field(default_factory=list)

    @property
    def words(self) -> str:
        """Return everything that the blocks say, in order."""
        return words(self.blocks)

    @property
    def buttons(self) -> dict[str, Object]:
        """Return the buttons by label."""
        return {b["text"]["text"]: b for b in _walk(self.blocks) if b.get("type") == "button"}


@dataclass(frozen=True)
class Call:
    """One call of the web API, or one post to a response_url (`method` is then `answer`)."""

    method: str
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

    @property
    def words(self) -> str:
        """Return everything the answer's blocks say."""
        return words(self.json.get("blocks", []))


def words(blocks: list[Object]) -> str:
    """Return every text in blocks, one per line, in the order they are read."""
    return "\n".join(part["text"] for part in _walk(blocks) if isinstance(part.get("text"), str))


def _walk(node: Any) -> Iterator[Object]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, (dict, list)):
            yield from _walk(child)


def undrawable(slack: Slack, body: Object) -> str:
    """Return why Slack would not draw a message, "" for one that it does."""
    blocks = body.get("blocks", [])
    if slack.cannot_fetch and any(block["type"] == "image" for block in blocks):
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > BLOCKS_SIZE:
        return "msg_blocks_too_long"
    try:
        for block in Block.parse_all(blocks):
            block.to_dict()
    except SlackObjectFormationError:
        return "invalid_blocks"
    return "invalid_blocks" if len(blocks) > MESSAGE_BLOCKS else ""
