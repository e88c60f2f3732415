"""What is said back, and by which controls it goes on."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.model.forms import Form
from bot.model.reasons import Reason
from bot.model.steps import Step

BELOW: Final = "below"  # as `Reply.thread`: below what was said


class Visibility(enum.StrEnum):
    """Who sees a reply: the person who asked, or everybody in the place."""

    PRIVATE = "private"
    PUBLIC = "public"


class Style(enum.StrEnum):
    """How a button looks: one primary at most, danger only for what destroys."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True)
class Button:
    """A control that types `command` on behalf of whoever presses it.

    `asks` names an argument that must be asked for first (a rejection's reason): the adapter
    shows a one-field form and appends it. `confirm` is a question to confirm before typing.
    With a `url` it types nothing: it opens that address, which is ours.
    """

    label: str
    command: str = ""
    style: Style = Style.PLAIN
    confirm: str = ""
    asks: str = ""
    url: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under named columns; every cell is plain text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Image:
    """A picture and, for whoever does not see it, what it shows.

    Its `url` is https and can be read by whoever shows it: Slack and Teams fetch it themselves.
    Another address is not fetched; only `alt` is said then.
    """

    url: str
    alt: str


@dataclass(frozen=True)
class Reply:
    """What a command answers, as plain data; each adapter draws it.

    `text` alone must make sense (screen readers, notifications, plain terminals). A reply with a
    `topic` (REQ-12, DEP-3) is one message edited in place wherever it was shown. `visibility`
    None means private for reads and refusals, public for what changed something.

    `thread` puts a public reply into a thread: `BELOW` into the one below what was said, a topic
    (INC-4) into the one below that topic's message in the same channel. Where there is no such
    thread it is shown where it was asked for, as is a reply with a topic of its own.
    """

    text: str
    reason: Reason = Reason.OK
    title: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = ()
    table: Table | None = None
    code: str = ""
    progress: tuple[Step, ...] = ()
    image: Image | None = None
    buttons: tuple[Button, ...] = ()
    form: Form | None = None
    visibility: Visibility | None = None
    topic: str = ""
    thread: str = ""
    request: str | None = None
    refs: Mapping[str, str] = field(default_factory=dict)
