"""The parts of Slack's Block Kit that we draw with, as the JSON that they are.

Written out here because the SDK's own models inspect themselves each time that they are turned
into JSON, which costs more than the rest of an answer; the tests read what is drawn back into
those models, which check it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from bot.model import Json
from bot.moments import written

Part: TypeAlias = dict[str, Json]


def plain(text: str) -> Part:
    """Return text that is shown as it is; `:warning:` in somebody's text stays text."""
    return {"type": "plain_text", "text": text, "emoji": False}


def header(text: str) -> Part:
    """Return a title."""
    return {"type": "header", "text": plain(text)}


def context(text: str) -> Part:
    """Return a small line."""
    return {"type": "context", "elements": [plain(text)]}


def rich(elements: Sequence[Part]) -> list[Part]:
    """Return one rich-text block, or none for nothing."""
    return [{"type": "rich_text", "elements": list(elements)}] if elements else []


def words(text: str, *, bold: bool = False) -> Part:
    """Return a run of rich text, in which nothing but its style is markup."""
    run: Part = {"type": "text", "text": text}
    return {**run, "style": {"bold": True}} if bold else run


def link(url: str, text: str) -> Part:
    """Return a link of ours."""
    return {"type": "link", "url": url, "text": text}


def date(at: datetime, *, to_the_second: bool = False) -> Part:
    """Return a moment, which Slack shows in the reader's own time zone."""
    shown = "{date_short}, {time_secs}" if to_the_second else "{date_short}, {time}"
    when: Part = {"timestamp": int(at.timestamp()), "format": shown}
    return {"type": "date", **when, "fallback": written(at, to_the_second=to_the_second)}


def section(*runs: Part) -> Part:
    """Return a paragraph of rich text."""
    return {"type": "rich_text_section", "elements": list(runs)}


def bullets(rows: Sequence[Part], *, are_numbered: bool = False) -> Part:
    """Return a list of paragraphs."""
    style = "ordered" if are_numbered else "bullet"
    return {"type": "rich_text_list", "style": style, "elements": list(rows)}


def preformatted(text: str) -> Part:
    """Return a block of fixed-width text."""
    return {"type": "rich_text_preformatted", "elements": [words(text)]}


def image(url: str, alt: str) -> Part:
    """Return a picture, and what it shows in words."""
    return {"type": "image", "image_url": url, "alt_text": alt}


def cell(runs: Sequence[Part]) -> Part:
    """Return a cell of a table; words alone are drawn shorter."""
    if len(runs) == 1 and runs[0]["type"] == "text":
        return {"type": "raw_text", "text": runs[0]["text"]}
    return rich([section(*runs)])[0]


def table(rows: Sequence[Sequence[Part]]) -> Part:
    """Return a table of cells; the first row is its head."""
    return {"type": "table", "rows": [list(row) for row in rows]}


def button(label: str, action_id: str, value: str, style: str, confirm: Part | None) -> Part:
    """Return a button."""
    made: Part = {"type": "button", "text": plain(label), "action_id": action_id, "value": value}
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = confirm
    return made


def confirmation(title: str, text: str, confirm: str, deny: str) -> Part:
    """Return a question that is asked before a button counts."""
    return {
        "title": plain(title),
        "text": plain(text),
        "confirm": plain(confirm),
        "deny": plain(deny),
    }


def actions(buttons: Sequence[Part]) -> Part:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def modal(callback: str, words_: tuple[str, str, str], blocks: Sequence[Part], kept: str) -> Part:
    """Return a modal; `words_` are its title, submit and close labels, `kept` comes back."""
    title, submit, close = words_
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title),
        "submit": plain(submit),
        "close": plain(close),
        "blocks": list(blocks),
        "private_metadata": kept,
    }


def home(blocks: Sequence[Part]) -> Part:
    """Return a Home tab."""
    return {"type": "home", "blocks": list(blocks)}


def field(block_id: str, label: str, hint: str, element: Part, *, is_optional: bool) -> Part:
    """Return an input of a modal."""
    made: Part = {"type": "input", "block_id": block_id, "label": plain(label)}
    if hint:
        made["hint"] = plain(hint)
    return {**made, "optional": is_optional, "element": element}


def typed(action_id: str, value: str, *, is_long: bool, limit: int) -> Part:
    """Return a control to type into."""
    made: Part = {"type": "plain_text_input", "action_id": action_id, "multiline": is_long}
    if value:
        made["initial_value"] = value
    return {**made, "max_length": limit}


def chosen(action_id: str, options: Sequence[tuple[str, str]], value: str) -> Part:
    """Return a control to choose from values and their labels."""
    listed: dict[str, Json] = {v: {"text": plain(label), "value": v} for v, label in options}
    made: Part = {"type": "static_select", "action_id": action_id, "options": list(listed.values())}
    return {**made, "initial_option": listed[value]} if value in listed else made
