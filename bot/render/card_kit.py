"""The parts of Adaptive Cards 1.5 that we draw with, as the JSON that they are.

Text only ever stands in a `TextRun`, which is the one text of a card that is not read as markdown:
`TextBlock`, `Fact` and an input's error message are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from bot.model import Json
from bot.render.kit import Part

SCHEMA: Final = "http://adaptivecards.io/schemas/adaptive-card.json"
VERSION: Final = "1.5"


def run(text: str, *, bold: bool = False, large: bool = False, code: bool = False) -> Part:
    """Return a run of text, in which nothing but its style is markup."""
    made: Part = {"type": "TextRun", "text": text}
    if bold:
        made["weight"] = "Bolder"
    if large:
        made["size"] = "Large"
    if code:
        made["fontType"] = "Monospace"
    return made


def date(at: datetime) -> Part:
    """Return a moment, which the client computes in the reader's own time zone.

    The clock in UTC stays beside it: nobody in a conversation sees the others' zones.
    """
    utc = at.astimezone(UTC)
    moment = f"{utc:%Y-%m-%dT%H:%M:%SZ}"
    return run(f"{{{{DATE({moment}, SHORT)}}}} {{{{TIME({moment})}}}} ({utc:%H:%M} UTC)")


def rich(*runs: Part, spacing: str = "") -> Part:
    """Return a paragraph."""
    made: Part = {"type": "RichTextBlock", "inlines": list(runs)}
    return {**made, "spacing": spacing} if spacing else made


def image(url: str, alt: str) -> Part:
    """Return a picture, and what it shows in words."""
    return {"type": "Image", "url": url, "altText": alt}


def box(items: Sequence[Part]) -> Part:
    """Return a shaded box."""
    return {"type": "Container", "style": "emphasis", "items": list(items)}


def table(
    rows: Sequence[Sequence[Sequence[Part]]], widths: Sequence[int], *, has_head: bool
) -> Part:
    """Return a table whose cells are runs; without a head it has no lines either."""
    return {
        "type": "Table",
        "columns": [{"width": width} for width in widths],
        "rows": [{"type": "TableRow", "cells": [_cell(runs) for runs in row]} for row in rows],
        "firstRowAsHeader": has_head,
        "showGridLines": has_head,
    }


def _cell(runs: Sequence[Part]) -> Part:
    return {"type": "TableCell", "items": [rich(*runs)]}


def execute(title: str, verb: str, data: Mapping[str, Json], style: str = "") -> Part:
    """Return a button that asks the bot; where it is not known it submits the same, and its verb.

    The submission names its verb itself, since it arrives as a plain message.
    """
    made: Part = {"type": "Action.Execute", "title": title, "verb": verb, "data": dict(data)}
    made["fallback"] = submit(title, {"verb": verb, **data}, style)
    return _styled(made, style)


def submit(title: str, data: Mapping[str, Json], style: str = "") -> Part:
    """Return a button that sends what was filled in, together with `data`."""
    return _styled({"type": "Action.Submit", "title": title, "data": dict(data)}, style)


def show(title: str, body: Sequence[Part], action: Part, style: str = "") -> Part:
    """Return a button that opens a small card under itself, with one button of its own."""
    shown: Part = {"type": "AdaptiveCard", "version": VERSION, "body": list(body)}
    shown["actions"] = [action]
    return _styled({"type": "Action.ShowCard", "title": title, "card": shown}, style)


def link(title: str, url: str) -> Part:
    """Return a row with a link of ours, as a button."""
    return {"type": "ActionSet", "actions": [opens(title, url)]}


def opens(title: str, url: str) -> Part:
    """Return a button that opens an address."""
    return {"type": "Action.OpenUrl", "title": title, "url": url}


def _styled(action: Part, style: str) -> Part:
    return {**action, "style": style} if style else action


def field(name: str, label: str, hint: str, error: str, control: Part) -> Part:
    """Return an input; `error` is what is said when it stays empty, "" where that is allowed."""
    made: Part = {**control, "id": name, "label": label}
    if hint:
        made["placeholder"] = hint
    return {**made, "isRequired": True, "errorMessage": error} if error else made


def typed(value: str, *, is_long: bool, limit: int) -> Part:
    """Return a control to type into."""
    made: Part = {"type": "Input.Text", "isMultiline": is_long, "maxLength": limit}
    return {**made, "value": value} if value else made


def chosen(options: Sequence[tuple[str, str]], value: str) -> Part:
    """Return a control to choose from values and their labels."""
    choices: list[Json] = [{"title": label, "value": one} for one, label in options]
    made: Part = {"type": "Input.ChoiceSet", "style": "compact", "choices": choices}
    return {**made, "value": value} if value in dict(options) else made


def refresh(verb: str, data: Mapping[str, Json], users: Sequence[str]) -> Part:
    """Return how the card asks for its newest state, for each of these people by itself."""
    action: Part = {
        "type": "Action.Execute",
        "title": "Refresh",
        "verb": verb,
        "data": dict(data),
    }
    return {"action": action, "userIds": list(users)}


def card(body: Sequence[Part], actions: Sequence[Part], fallback: str) -> Part:
    """Return a whole card, as wide as the conversation; `fallback` is read as markdown."""
    made: Part = {
        "type": "AdaptiveCard",
        "$schema": SCHEMA,
        "version": VERSION,
        "msteams": {"width": "Full"},
        "fallbackText": fallback,
        "body": list(body),
    }
    return {**made, "actions": list(actions)} if actions else made
