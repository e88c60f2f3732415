"""Draws a Reply as Slack Block Kit, and a Form as a modal, within every limit Slack sets.

Somebody's words only ever stand in `plain_text`, `raw_text` and rich-text `text` elements, which
Slack shows as they are: there is nothing to escape out of. The message's own `text`, which
notifications and screen readers use, is Slack's markup and is escaped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.model import InputKind, Style
from bot.moments import ZONE, split
from bot.render import kit
from bot.render.capabilities import SLACK
from bot.render.opening import opened
from bot.render.picture import address
from bot.render.plain import clean, cut, inert
from bot.render.sheet import CELL, NOTHING, Sheet, as_much_as_fits, sheets
from bot.render.text import text
from bot.render.words import STATES, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Button, Form, Input, Reply, Step
    from bot.render.kit import Part

# Slack's own numbers (platforms.md §1.3).
TEXT, FALLBACK, BUTTONS, ROWS = SLACK.text, SLACK.fallback, SLACK.buttons, SLACK.rows
COLUMNS, VIEW_BLOCKS, OPTIONS = SLACK.columns, SLACK.inputs, SLACK.choices
MESSAGE_SIZE = SLACK.message
HEADER, CONTEXT, ALT = 150, 2000, 2000
BUTTON_LABEL, BUTTON_VALUE, ACTION_ID = 75, 2000, 255
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_LABEL = 100, 300, 30
TABLE_TEXT, CONTROLS_SIZE = 10_000, 6000
VIEW_WORD, LABEL, HINT = 24, 2000, 2000
OPTION_LABEL, OPTION_VALUE, TYPED = 75, 150, 3000
# Ours: more of these than a person reads in a chat.
FIELDS, ITEMS, STEPS, SHORT = 20, 50, 30, 300

FORM, ANSWER, RUN = "form", "answer", "run"  # the callback ids of our modals
VALUE = "value"  # the action id of every input: its block id is the argument's name
TYPES, ASKS, OPENS = "types", "asks", "opens"  # what a button's action id starts with


# Made once: `json.dumps` makes one for every call that is not its own default.
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


@dataclass(frozen=True)
class Message:
    """A Slack message: blocks, and the text that stands for them where they are not shown."""

    text: str
    blocks: tuple[Part, ...]
    is_cut: bool = False


def message(reply: Reply, *, console_url: str = "") -> Message:
    """Return the reply as a message; what does not fit is cut, with a link to the whole."""
    for sheet in sheets(inert):
        drawn = _blocks(reply, sheet, console_url)
        # Nearly every reply is short, and measuring one costs a quarter of drawing it.
        if _at_most(reply) <= MESSAGE_SIZE or _size(drawn) <= MESSAGE_SIZE:
            break
    return Message(fallback(reply), tuple(drawn), sheet.is_cut)


def fallback(reply: Reply) -> str:
    """Return the reply as escaped text for notifications and screen readers."""
    escaped = escape(inert(text(as_much_as_fits(reply, FALLBACK, ROWS)))) or NOTHING
    if len(escaped) > FALLBACK:
        # An entity cut in half would show as `&am`.
        escaped = re.sub(r"&[a-z]{0,3}$", "", escaped[: FALLBACK - 1]).rstrip() + "\u2026"
    return escaped


def escape(said: str) -> str:
    """Return text with the three characters escaped that Slack's markup is made of."""
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def modal(form: Form, *, callback: str = FORM, metadata: str = "") -> Part:
    """Return the form as a modal; `metadata` comes back with its submission."""
    sheet = Sheet(inert)
    inputs = [_input(entry, sheet) for entry in form.inputs[:VIEW_BLOCKS]]
    if not inputs:
        inputs = kit.rich([kit.section(kit.words("Nothing has to be filled in."))])
    title = sheet.fit(form.title, VIEW_WORD) or sheet.fit(form.command, VIEW_WORD) or "Form"
    labels = (title, sheet.fit(form.submit, VIEW_WORD) or "Run", "Cancel")
    return kit.modal(callback, labels, inputs, metadata)


def _blocks(reply: Reply, sheet: Sheet, console_url: str) -> list[Part]:
    drawn = [
        *_title(reply, sheet),
        *kit.rich(_opening(reply, sheet)),
        *_status(reply),
        *_image(reply, sheet),
        *kit.rich([*_items(reply, sheet), *_code(reply, sheet), *_progress(reply, sheet)]),
        *_table(reply, sheet),
        *_buttons(reply, sheet),
    ]
    if not drawn:
        drawn = kit.rich([kit.section(kit.words(NOTHING))])
    if sheet.is_cut:
        drawn.extend(kit.rich([_whole(console_url)]))
    return drawn


def _title(reply: Reply, sheet: Sheet) -> list[Part]:
    title = sheet.fit(" ".join(reply.title.split()), HEADER)
    return [kit.header(title)] if title else []


def _opening(reply: Reply, sheet: Sheet) -> list[Part]:
    said = sheet.body(reply.text, TEXT)
    opening = [_section(said, sheet)] if said and reply.text != reply.title else []
    for label, value in sheet.first(reply.fields, FIELDS):
        name, shown = sheet.fit(label, SHORT), sheet.body(value, CONTEXT)
        opening.append(_section(shown or NOTHING, sheet, label=f"{name or NOTHING}: "))
    return opening


def _status(reply: Reply) -> list[Part]:
    said = status(reply)
    return [kit.context(said)] if said else []


def _image(reply: Reply, sheet: Sheet) -> list[Part]:
    if reply.image is None:
        return []
    alt, url = sheet.fit(reply.image.alt, ALT) or NOTHING, address(reply.image)
    return [kit.image(url, alt)] if url else [kit.context(alt)]


def _items(reply: Reply, sheet: Sheet) -> list[Part]:
    if not reply.items:
        return []
    kept = sheet.first(reply.items, ITEMS)
    said = [sheet.body(item, TEXT) or NOTHING for item in kept]
    return [kit.bullets([_section(item, sheet) for item in said])]


def _code(reply: Reply, sheet: Sheet) -> list[Part]:
    code = sheet.body(reply.code.strip("\n"), TEXT)
    return [kit.preformatted(code)] if code else []


def _progress(reply: Reply, sheet: Sheet) -> list[Part]:
    if not reply.progress:
        return []
    rows = [_step(step, sheet) for step in sheet.first(reply.progress, STEPS)]
    return [kit.bullets(rows, are_numbered=True)]


def _step(step: Step, sheet: Sheet) -> Part:
    detail = f" ({sheet.fit(step.detail, SHORT)})" if step.detail else ""
    said = sheet.fit(step.label, SHORT) or NOTHING
    return _section(said + detail, sheet, label=f"{STATES[step.state]}: ")


def _table(reply: Reply, sheet: Sheet) -> list[Part]:
    table = reply.table
    if table is None or not table.rows or not table.columns:
        return []
    rows = [table.columns, *sheet.first(table.rows, ROWS - 1)]
    sheet.is_cut |= len(table.columns) > COLUMNS
    width = min(len(table.columns), COLUMNS)
    drawn: list[list[Part]] = []
    left = int(TABLE_TEXT * sheet.share)
    for row in rows:
        cells = [sheet.body(cell, CELL) or NOTHING for cell in (*row, *[""] * width)[:width]]
        left -= sum(map(len, cells))
        if left < 0 and len(drawn) > 1:
            sheet.is_cut = True
            break
        drawn.append([kit.cell(_runs(cell, sheet)) for cell in cells])
    return [kit.table(drawn)]


def _buttons(reply: Reply, sheet: Sheet) -> list[Part]:
    drawn = controls(reply.buttons)
    sheet.is_cut |= len(drawn) < len(reply.buttons)
    return [kit.actions(drawn)] if drawn else []


def controls(buttons: Sequence[Button]) -> list[Part]:
    """Return the first buttons of a row, as many as Slack takes; at most one is primary."""
    primary = next((b for b in buttons if b.style is Style.PRIMARY), None)
    drawn: list[Part] = []
    left = CONTROLS_SIZE
    are_small = sum(map(_button_at_most, buttons)) <= left
    for number, button in enumerate(buttons[:BUTTONS]):
        part = _button(button, number, is_primary=button is primary)
        left -= 0 if are_small else _size(part)
        if left < 0 or len(button.command) > BUTTON_VALUE:
            break
        drawn.append(part)
    return drawn


def _button(button: Button, number: int, *, is_primary: bool) -> Part:
    label = cut(inert(button.label).strip() or button.command, BUTTON_LABEL) or NOTHING
    kind = f"{ASKS}:{number}:{button.asks}" if button.asks else f"{TYPES}:{number}"
    is_danger = button.style is Style.DANGER
    if address_ := opened(button):
        style = "primary" if is_primary else ""
        return {**kit.button(label, f"{OPENS}:{number}", OPENS, style, None), "url": address_}
    question = inert(button.confirm).strip()
    if is_danger and not question:
        question = f"This types: {button.command}"
    style = "danger" if is_danger else "primary" if is_primary else ""
    confirm = _confirm(question, label) if question else None
    return kit.button(label, kind[:ACTION_ID], button.command, style, confirm)


def _confirm(question: str, label: str) -> Part:
    title, text_ = cut(f"{label}?", CONFIRM_TITLE), cut(inert(question), CONFIRM_TEXT)
    return kit.confirmation(title, text_, cut(label, CONFIRM_LABEL), "Go back")


def _whole(console_url: str) -> Part:
    said = "This is not all of it: Slack shows no more. "
    if not console_url:
        said += "Ask again in the terminal or the console for the rest."
        return kit.section(kit.words(said))
    return kit.section(kit.words(said), kit.link(console_url, "Full output"))


def _input(entry: Input, sheet: Sheet) -> Part:
    label = sheet.fit(entry.label, LABEL) or sheet.fit(entry.name, LABEL) or NOTHING
    hint = sheet.fit(entry.hint, HINT)
    return kit.field(entry.name, label, hint, _control(entry), is_optional=not entry.required)


def _control(entry: Input) -> Part:
    choices = list(dict.fromkeys(entry.choices))
    fits = 0 < len(choices) <= OPTIONS and all(0 < len(c) <= OPTION_VALUE for c in choices)
    if entry.kind is InputKind.CHOICE and fits:
        labels = [cut(inert(choice).strip(), OPTION_LABEL) or NOTHING for choice in choices]
        options = list(zip(choices, labels, strict=True))
        return kit.chosen(VALUE, options, entry.value)
    # More choices than Slack lists are typed: a typo is met with did-you-mean.
    value, is_long = clean(entry.value)[:TYPED], entry.kind is InputKind.LONG_TEXT
    return kit.typed(VALUE, value, is_long=is_long, limit=TYPED)


def _section(said: str, sheet: Sheet, *, label: str = "") -> Part:
    runs = [kit.words(label, bold=True)] if label else []
    return kit.section(*runs, *_runs(said, sheet))


def _runs(said: str, sheet: Sheet) -> list[Part]:
    """Return words as runs of rich text; a moment is shown in the reader's own time zone."""
    if not sheet.has_dates or ZONE not in said:
        return [kit.words(said)]
    return [
        kit.words(part)
        if isinstance(part, str)
        else kit.date(part.at, to_the_second=part.has_seconds)
        for part in split(said)
    ]


def _size(part: object) -> int:
    return len(_encode(part))


def _at_most(reply: Reply) -> int:
    """Return a length that the drawn reply surely stays below, without measuring it.

    A character takes two at most (a quote and what escapes it, a mention and what disarms it), a
    moment 200; the rest is what Block Kit puts around a text.
    """
    if reply.table is not None or reply.progress or reply.image:
        return MESSAGE_SIZE + 1  # drawn of more parts than it is worth to count
    said = [reply.title, reply.text, reply.code, *reply.items]
    for field in reply.fields:
        said += field
    whole = "".join(said)
    around = 600 + 200 * len(said) + 200 * whole.count(ZONE)
    return 2 * len(whole) + around + sum(map(_button_at_most, reply.buttons))


def _button_at_most(button: Button) -> int:
    texts = 3 * len(button.label) + 4 * len(button.command) + len(button.confirm)
    return 900 + 2 * (texts + len(button.asks) + len(button.url))
