"""Draws a Reply as an Adaptive Card for Microsoft Teams, and a Form as the card of a dialog.

Somebody's words only ever stand in runs of text, labels and titles, which are shown as they are;
the card's `fallbackText` is markdown and is escaped. What a button types is data, kept as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.model import InputKind
from bot.moments import split
from bot.render import card_kit as kit
from bot.render.capabilities import TEAMS
from bot.render.card_buttons import (
    ANSWER,
    ASKS,
    FORM,
    MISSING,
    OPENS,
    REFRESH,
    TAKEN,
    TOPIC,
    TYPED,
    TYPES,
    actions,
    typed,
)
from bot.render.card_sheet import columned, escape, sendable, shown, size
from bot.render.picture import address
from bot.render.plain import clean, cut
from bot.render.sheet import CELL, NOTHING, SHARES, Sheet, as_much_as_fits, sheets
from bot.render.text import text
from bot.render.words import STATES, status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.model import Form, Input, Json, Reply
    from bot.render.kit import Part

ACTIVITY_SIZE: Final = TEAMS.message  # bytes of UTF-16
# What an activity holds beside its card: our summary, the conversation, who speaks to whom.
ENVELOPE_SIZE: Final = 8000
CARD_SIZE: Final = ACTIVITY_SIZE - ENVELOPE_SIZE
# Ours: more of these than a person reads in a chat.
TEXT, FALLBACK, ROWS, COLUMNS = TEAMS.text, TEAMS.fallback, TEAMS.rows, TEAMS.columns
INPUTS, OPTIONS = TEAMS.inputs, TEAMS.choices
TITLE, FIELD, SHORT, SUMMARY = 150, 2000, 300, 1000
FIELDS, ITEMS, STEPS = 20, 50, 30
REFRESHED: Final = 60  # people whose client refreshes a card by itself
LABEL, HINT, OPTION = 200, 300, 150


@dataclass(frozen=True)
class Message:
    """A Teams message: its card, and the summary for notifications and screen readers.

    The summary is an activity's `summary`, never its `text`: Teams makes two messages of an
    activity with text and a card, and neither can be edited any more.
    """

    text: str
    card: Part


def message(reply: Reply, *, console_url: str = "", refresh_for: Sequence[str] = ()) -> Message:
    """Return the reply as a card; what does not fit is cut, with a link to the whole.

    `refresh_for` are the Teams user ids whose clients ask for the newest state of a topic.
    """
    said = shown(text(as_much_as_fits(reply, FALLBACK, ROWS))[: FALLBACK + 1]) or NOTHING
    for sheet in sheets(shown):
        card = _card(reply, sheet, console_url, _cut_escaped(said, FALLBACK))
        if reply.topic and refresh_for:
            data: dict[str, Json] = {TOPIC: sendable(reply.topic)}
            card["refresh"] = kit.refresh(REFRESH, data, refresh_for[:REFRESHED])
        if size(card) <= CARD_SIZE:
            break
    return Message(cut(said, SUMMARY), card)


def dialog(form: Form, *, metadata: Mapping[str, str] | None = None) -> Part:
    """Return the form as the card of a dialog; `metadata` comes back with its submission.

    Raises ValueError for two inputs of one name, or one that would hide our own data.
    """
    kept: dict[str, Json] = {FORM: sendable(form.command), **(metadata or {})}
    names = [entry.name for entry in form.inputs]
    wrong = {n for n in names if n in TAKEN or n in kept or names.count(n) > 1}
    if wrong:
        raise ValueError(f"{form.command}: a form of Teams cannot have inputs named {wrong}")
    for share in SHARES:
        sheet = Sheet(shown, share)
        body = [_input(entry, sheet) for entry in form.inputs[:INPUTS]]
        title = sheet.fit(form.title or form.command, TITLE) or NOTHING
        submit = kit.submit(sheet.fit(form.submit, SHORT) or "Run", kept, "positive")
        empty = kit.rich(kit.run("Nothing has to be filled in."))
        card = kit.card(body or [empty], [submit], _cut_escaped(title, FALLBACK))
        if size(card) <= CARD_SIZE:
            break
    return card


def _cut_escaped(said: str, limit: int) -> str:
    """Return escaped text of at most `limit` characters, never cut after half an escape."""
    escaped = escape(said[:limit])
    if len(escaped) <= limit and len(said) <= limit:
        return escaped
    kept = escaped[: limit - 1]
    marks = len(kept) - len(kept.rstrip("\\"))
    return kept[: len(kept) - marks % 2] + "\u2026"


def _card(reply: Reply, sheet: Sheet, console_url: str, fallback: str) -> Part:
    body = [
        *_opening(reply, sheet),
        *_fields(reply, sheet),
        *_status(reply),
        *_image(reply, sheet),
        *_items(reply, sheet),
        *_code(reply, sheet),
        *_progress(reply, sheet),
        *_table(reply, sheet),
    ]
    buttons = actions(reply, sheet)
    if sheet.is_cut:
        body.extend(_whole(console_url))
    return kit.card(body or [kit.rich(kit.run(NOTHING))], buttons, fallback)


def _opening(reply: Reply, sheet: Sheet) -> list[Part]:
    title = sheet.fit(" ".join(reply.title[: TITLE * 4].split()), TITLE)
    opening = [kit.rich(kit.run(title, bold=True, large=True))] if title else []
    said = sheet.body(reply.text, TEXT)
    if said and reply.text != reply.title:
        opening.append(kit.rich(*_runs(said, sheet)))
    return opening


def _fields(reply: Reply, sheet: Sheet) -> list[Part]:
    rows = [
        (
            [kit.run(sheet.fit(label, SHORT) or NOTHING, bold=True)],
            _runs(sheet.body(value, FIELD) or NOTHING, sheet),
        )
        for label, value in sheet.first(reply.fields, FIELDS)
    ]
    return [kit.table(rows, (1, 3), has_head=False)] if rows else []


def _status(reply: Reply) -> list[Part]:
    said = status(reply)
    return [kit.rich(kit.run(said, bold=True))] if said else []


def _image(reply: Reply, sheet: Sheet) -> list[Part]:
    if reply.image is None:
        return []
    alt, url = sheet.fit(reply.image.alt, FIELD) or NOTHING, address(reply.image)
    return [kit.image(url, alt) if url else kit.rich(kit.run(alt))]


def _items(reply: Reply, sheet: Sheet) -> list[Part]:
    kept = sheet.first(reply.items, ITEMS)
    said = [sheet.body(item, TEXT) or NOTHING for item in kept]
    return [kit.rich(*_runs(f"\u2022 {item}", sheet), spacing="Small") for item in said]


def _code(reply: Reply, sheet: Sheet) -> list[Part]:
    code = sheet.body(reply.code.strip("\n"), TEXT)
    return [kit.box([kit.rich(kit.run(columned(code), code=True))])] if code else []


def _progress(reply: Reply, sheet: Sheet) -> list[Part]:
    drawn: list[Part] = []
    for number, step in enumerate(sheet.first(reply.progress, STEPS), start=1):
        label = sheet.fit(step.label, SHORT) or NOTHING
        detail = f" ({sheet.fit(step.detail, SHORT)})" if step.detail else ""
        state = kit.run(f"{number}. {STATES[step.state]}: ", bold=True)
        drawn.append(kit.rich(state, *_runs(label + detail, sheet), spacing="Small"))
    return drawn


def _table(reply: Reply, sheet: Sheet) -> list[Part]:
    table = reply.table
    if table is None or not table.rows or not table.columns:
        return []
    width = min(len(table.columns), COLUMNS)
    sheet.is_cut |= len(table.columns) > COLUMNS
    drawn = []
    for number, row in enumerate([table.columns, *sheet.first(table.rows, ROWS)]):
        cells = [sheet.body(cell, CELL) or NOTHING for cell in (*row, *[""] * width)[:width]]
        drawn.append(
            [_runs(cell, sheet) if number else [kit.run(cell, bold=True)] for cell in cells]
        )
    return [kit.table(drawn, (1,) * width, has_head=True)]


def _runs(said: str, sheet: Sheet) -> list[Part]:
    """Return words as runs of text; a moment is shown in the reader's own time zone."""
    if not sheet.has_dates:
        return [kit.run(said)]
    return [kit.run(part) if isinstance(part, str) else kit.date(part.at) for part in split(said)]


def _whole(console_url: str) -> list[Part]:
    said = "This is not all of it: Teams shows no more."
    if not console_url:
        said += " Ask again in the terminal or the console for the rest."
        return [kit.rich(kit.run(said))]
    return [kit.rich(kit.run(said)), kit.link("Full output", console_url)]


def _input(entry: Input, sheet: Sheet) -> Part:
    label = sheet.body(entry.label or entry.name, LABEL) or NOTHING
    if not entry.required:
        label += " (optional)"
    hint = sheet.body(entry.hint, HINT)
    error = MISSING if entry.required else ""
    return kit.field(entry.name, label, hint, error, _control(entry, sheet))


def _control(entry: Input, sheet: Sheet) -> Part:
    choices = list(dict.fromkeys(entry.choices))
    most = int(OPTIONS * sheet.share)
    fits = 0 < len(choices) <= most and all(0 < len(sendable(c)) <= OPTION for c in choices)
    if entry.kind is InputKind.CHOICE and fits:
        options = [(sendable(choice), cut(shown(choice), OPTION)) for choice in choices]
        return kit.chosen(options, entry.value)
    # More choices than a person scrolls through are typed: a typo is met with did-you-mean.
    value, is_long = clean(entry.value), entry.kind is InputKind.LONG_TEXT
    # Half a value would be taken for the whole one.
    fitting = value if len(value) <= sheet.room(TYPED) else ""
    return kit.typed(fitting, is_long=is_long, limit=TYPED)


__all__ = [
    "ANSWER",
    "ASKS",
    "FORM",
    "OPENS",
    "REFRESH",
    "TOPIC",
    "TYPES",
    "Message",
    "dialog",
    "message",
    "size",
    "typed",
]
