"""What each place that shows replies can do, and how much it takes; commands never ask.

A command says what it means and the doors do what they can. The renderers take their limits from
here, and docs/platforms.md is made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final

NO_LIMIT: Final = 0


@dataclass(frozen=True)
class Capabilities:
    """How one platform does what a reply asks for; `NO_LIMIT` where it sets none.

    `message` is the size of a whole message in `message_unit`; the others are characters or
    counts of one message.
    """

    private_reply: str
    thread: str
    form: str
    edits: str
    confirmation: str
    new_room: str
    moments: str
    picture: str
    message: int = NO_LIMIT
    message_unit: str = ""
    text: int = NO_LIMIT
    fallback: int = NO_LIMIT
    buttons: int = NO_LIMIT
    rows: int = NO_LIMIT
    columns: int = NO_LIMIT
    inputs: int = NO_LIMIT
    choices: int = NO_LIMIT


# Slack's own numbers (platforms.md §1.3). The size is undocumented: from about 13 100 characters
# of blocks Slack answers msg_blocks_too_long.
SLACK: Final = Capabilities(
    private_reply="seen by one person only, where it was asked",
    thread="where it was asked, below what was said, or below the message it is about",
    form="a modal",
    edits="the message is replaced in place",
    confirmation="a question over the message",
    new_room="a public channel of its own, with its people called in",
    moments="in the reader's time zone",
    picture="fetched by Slack; a link where it can not be",
    message=12_000,
    message_unit="characters of blocks",
    text=3000,
    fallback=4000,
    buttons=25,
    rows=100,
    columns=20,
    inputs=100,
    choices=100,
)
# Microsoft asks for less than this size for a whole activity (platforms.md §2.2); the counts are
# what a person still reads on a card.
TEAMS: Final = Capabilities(
    private_reply="seen by one person only, where Teams has that; else in their own chat",
    thread="where it was asked, or below the message it is about; channels only",
    form="a dialog",
    edits="the card is replaced in place",
    confirmation="a small card under the button",
    new_room="a thread of its own, or a channel in its team where that is set",
    moments="in the reader's time zone, with the clock in UTC",
    picture="fetched by Teams",
    message=80_000,
    message_unit="bytes of UTF-16 for the whole activity",
    text=4000,
    fallback=2000,
    buttons=25,
    rows=100,
    columns=10,
    inputs=30,
    choices=100,
)
WEB: Final = Capabilities(
    private_reply="on the page of the person who asked",
    thread="no: one conversation",
    form="a form in the conversation",
    edits="the message is replaced in place",
    confirmation="a dialog",
    new_room="no: one conversation",
    moments="in the reader's time zone, with UTC in its title",
    picture="fetched by the browser",
)
TERMINAL: Final = Capabilities(
    private_reply="every reply",
    thread="no: one conversation",
    form="questions, one after the other",
    edits="what is new is printed below",
    confirmation="none: what is typed is meant",
    new_room="no: one conversation",
    moments="in UTC",
    picture="its address and what it shows",
)
PLATFORMS: Final[Mapping[str, Capabilities]] = {
    "Slack": SLACK,
    "Microsoft Teams": TEAMS,
    "Web console": WEB,
    "Terminal": TERMINAL,
}
ROWS: Final = {
    "private_reply": "A private reply is",
    "thread": "Thread",
    "form": "A form is",
    "edits": "What changes",
    "confirmation": "Asking before a button counts",
    "new_room": "A room of its own",
    "moments": "Times are shown",
    "picture": "A picture is",
    "message": "A whole message",
    "text": "Characters of one text",
    "fallback": "Characters in notifications and for screen readers",
    "buttons": "Buttons",
    "rows": "Rows of a table",
    "columns": "Columns of a table",
    "inputs": "Inputs of a form",
    "choices": "Choices of an input; more are typed",
}


def page() -> Iterator[str]:
    """Return the lines of the page on what each platform can do, as Markdown."""
    yield "# What each platform can do"
    yield ""
    yield "A command is the same everywhere and never asks where it is; it is shown as well as the"
    yield "place allows. What does not fit is cut, and says where the whole can be read. Made from"
    yield "`bot/render/capabilities.py` by `wardroom manifest platforms`."
    yield ""
    yield f"| | {' | '.join(PLATFORMS)} |"
    yield "|---" * (len(PLATFORMS) + 1) + "|"
    for field in fields(Capabilities):
        if field.name in ROWS:
            shown = (_shown(one, field.name) for one in PLATFORMS.values())
            yield f"| {ROWS[field.name]} | {' | '.join(shown)} |"


def _shown(one: Capabilities, name: str) -> str:
    value = getattr(one, name)
    if not isinstance(value, int):
        return str(value)
    if value == NO_LIMIT:
        return "no limit"
    unit = f" {one.message_unit}" if name == "message" else ""
    return f"at most {value}{unit}"
