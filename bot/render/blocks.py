"""Draws a Reply as Slack Block Kit, and a Form as a modal, within every limit Slack sets.

Somebody's words only ever stand in `plain_text`, `raw_text` and rich-text `text` elements, which
Slack shows as they are: there is nothing to escape out of. The message's own `text`, which
notifications and screen readers use, is Slack's markup and is escaped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from bot.model import InputKind, Style
from bot.render import kit
from bot.render.plain import clean, cut, inert
from bot.render.text import text
from bot.render.words import STATES, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Button, Form, Input, Reply, Step
    from bot.render.kit import Part

T = TypeVar("T")

# Slack's own numbers (platforms.md §1.3).
HEADER, TEXT, CONTEXT, FALLBACK = 150, 3000, 2000, 4000
BUTTONS, BUTTON_LABEL, BUTTON_VALUE, ACTION_ID = 25, 75, 2000, 255
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_LABEL = 100, 300, 30
ROWS, COLUMNS, TABLE_TEXT = 100, 20, 10_000
VIEW_WORD, VIEW_BLOCKS, LABEL, HINT = 24, 100, 2000, 2000
OPTIONS, OPTION_LABEL, OPTION_VALUE, TYPED = 100, 75, 150, 3000
# Undocumented: from about 13 100 characters of blocks Slack answers msg_blocks_too_long.
MESSAGE_SIZE, CONTROLS_SIZE = 12_000, 6000
# Ours: more of these than a person reads in a chat.
FIELDS, ITEMS, STEPS, SHORT, LEAST = 20, 50, 30, 300, 40

NOTHING = "\u2013"  # Slack refuses an empty cell
FORM, ANSWER, RUN = "form", "answer", "run"  # the callback ids of our modals
VALUE = "value"  # the action id of every input: its block id is the argument's name
TYPES, ASKS = "types", "asks"  # what a button's action id starts with


@dataclass(frozen=True)
class Message:
    """A Slack message: blocks, and the text that stands for them where they are not shown."""

    text: str
    blocks: tuple[Part, ...]


def message(reply: Reply, *, console_url: str = "") -> Message:
    """Return the reply as a message; what does not fit is cut, with a link to the whole."""
    for share in (1.0, 0.6, 0.35, 0.2, 0.1, 0.05):
        sheet = _Sheet(share)
        drawn = _blocks(reply, sheet, console_url)
        if _size(drawn) <= MESSAGE_SIZE:
            break
    return Message(fallback(reply), tuple(drawn))


def fallback(reply: Reply) -> str:
    """Return the reply as escaped text for notifications and screen readers."""
    escaped = escape(inert(text(_as_much_as_fits(reply))))
    if len(escaped) > FALLBACK:
        # An entity cut in half would show as `&am`.
        escaped = re.sub(r"&[a-z]{0,3}$", "", escaped[: FALLBACK - 1]).rstrip() + "\u2026"
    return escaped


def _as_much_as_fits(reply: Reply) -> Reply:
    """Return a reply without what is beyond the fallback's end anyway: drawing it takes time."""
    many = max(len(reply.fields), len(reply.items), len(reply.progress)) > ROWS
    if not many and reply.table is None and max(len(reply.text), len(reply.code)) <= FALLBACK:
        return reply
    table = reply.table
    if table is not None:
        rows = tuple(tuple(cell[:SHORT] for cell in row) for row in table.rows[:ROWS])
        table = replace(table, rows=rows)
    return replace(
        reply,
        text=reply.text[:FALLBACK],
        fields=reply.fields[:ROWS],
        items=reply.items[:ROWS],
        table=table,
        code=reply.code[:FALLBACK],
        progress=reply.progress[:ROWS],
    )


def escape(said: str) -> str:
    """Return text with the three characters escaped that Slack's markup is made of."""
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def modal(form: Form, *, callback: str = FORM, metadata: str = "") -> Part:
    """Return the form as a modal; `metadata` comes back with its submission."""
    sheet = _Sheet()
    inputs = [_input(entry, sheet) for entry in form.inputs[:VIEW_BLOCKS]]
    if not inputs:
        inputs = kit.rich([kit.section(kit.words("Nothing has to be filled in."))])
    title = sheet.fit(form.title, VIEW_WORD) or sheet.fit(form.command, VIEW_WORD) or "Form"
    labels = (title, sheet.fit(form.submit, VIEW_WORD) or "Run", "Cancel")
    return kit.modal(callback, labels, inputs, metadata)


@dataclass
class _Sheet:
    """Keeps what is drawn within bounds, and remembers whether anything was left out."""

    share: float = 1.0
    is_cut: bool = False

    def fit(self, said: str, limit: int) -> str:
        """Return harmless text of at most `limit` characters."""
        # One more than fits is enough to see that it has to be cut, however much there is.
        whole = inert(said.strip()[: limit + 1])
        kept = cut(whole, limit)
        self.is_cut |= kept != whole
        return kept

    def body(self, said: str, limit: int) -> str:
        """Return harmless text, shorter where the whole message has to shrink."""
        return self.fit(said, max(int(limit * self.share), LEAST))

    def first(self, things: Sequence[T], limit: int) -> Sequence[T]:
        """Return the first things of a list, fewer where the whole message has to shrink."""
        kept = things[: max(int(limit * self.share), 1)]
        self.is_cut |= len(kept) < len(things)
        return kept


def _blocks(reply: Reply, sheet: _Sheet, console_url: str) -> list[Part]:
    drawn = [
        *_title(reply, sheet),
        *kit.rich(_opening(reply, sheet)),
        *_status(reply),
        *kit.rich([*_items(reply, sheet), *_code(reply, sheet), *_progress(reply, sheet)]),
        *_table(reply, sheet),
        *_buttons(reply, sheet),
    ]
    if not drawn:
        drawn = kit.rich([_section(NOTHING)])
    if sheet.is_cut:
        drawn.extend(kit.rich([_whole(console_url)]))
    return drawn


def _title(reply: Reply, sheet: _Sheet) -> list[Part]:
    title = sheet.fit(" ".join(reply.title.split()), HEADER)
    return [kit.header(title)] if title else []


def _opening(reply: Reply, sheet: _Sheet) -> list[Part]:
    said = sheet.body(reply.text, TEXT)
    opening = [_section(said)] if said and reply.text != reply.title else []
    for label, value in sheet.first(reply.fields, FIELDS):
        name, shown = sheet.fit(label, SHORT), sheet.body(value, CONTEXT)
        opening.append(_section(shown or NOTHING, label=f"{name or NOTHING}: "))
    return opening


def _status(reply: Reply) -> list[Part]:
    said = status(reply)
    return [kit.context(said)] if said else []


def _items(reply: Reply, sheet: _Sheet) -> list[Part]:
    if not reply.items:
        return []
    kept = sheet.first(reply.items, ITEMS)
    return [kit.bullets([_section(sheet.body(item, TEXT) or NOTHING) for item in kept])]


def _code(reply: Reply, sheet: _Sheet) -> list[Part]:
    code = sheet.body(reply.code.strip("\n"), TEXT)
    return [kit.preformatted(code)] if code else []


def _progress(reply: Reply, sheet: _Sheet) -> list[Part]:
    if not reply.progress:
        return []
    rows = [_step(step, sheet) for step in sheet.first(reply.progress, STEPS)]
    return [kit.bullets(rows, are_numbered=True)]


def _step(step: Step, sheet: _Sheet) -> Part:
    detail = f" ({sheet.fit(step.detail, SHORT)})" if step.detail else ""
    said = sheet.fit(step.label, SHORT) or NOTHING
    return _section(said + detail, label=f"{STATES[step.state]}: ")


def _table(reply: Reply, sheet: _Sheet) -> list[Part]:
    table = reply.table
    if table is None or not table.rows or not table.columns:
        return []
    rows = [table.columns, *sheet.first(table.rows, ROWS - 1)]
    sheet.is_cut |= len(table.columns) > COLUMNS
    width = min(len(table.columns), COLUMNS)
    drawn: list[list[str]] = []
    left = int(TABLE_TEXT * sheet.share)
    for row in rows:
        cells = [sheet.body(cell, SHORT) or NOTHING for cell in (*row, *[""] * width)[:width]]
        left -= sum(map(len, cells))
        if left < 0 and len(drawn) > 1:
            sheet.is_cut = True
            break
        drawn.append(cells)
    return [kit.table(drawn)]


def _buttons(reply: Reply, sheet: _Sheet) -> list[Part]:
    drawn = controls(reply.buttons)
    sheet.is_cut |= len(drawn) < len(reply.buttons)
    return [kit.actions(drawn)] if drawn else []


def controls(buttons: Sequence[Button]) -> list[Part]:
    """Return the first buttons of a row, as many as Slack takes; at most one is primary."""
    primary = next((b for b in buttons if b.style is Style.PRIMARY), None)
    drawn: list[Part] = []
    left = CONTROLS_SIZE
    for number, button in enumerate(buttons[:BUTTONS]):
        part = _button(button, number, is_primary=button is primary)
        left -= _size(part)
        if left < 0 or len(button.command) > BUTTON_VALUE:
            break
        drawn.append(part)
    return drawn


def _button(button: Button, number: int, *, is_primary: bool) -> Part:
    label = cut(inert(button.label).strip() or button.command, BUTTON_LABEL) or NOTHING
    kind = f"{ASKS}:{number}:{button.asks}" if button.asks else f"{TYPES}:{number}"
    is_danger = button.style is Style.DANGER
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
        return _section(said + "Ask again in the terminal or the console for the rest.")
    return kit.section(kit.words(said), kit.link(console_url, "Full output"))


def _input(entry: Input, sheet: _Sheet) -> Part:
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


def _section(said: str, *, label: str = "") -> Part:
    runs = [kit.words(label, bold=True)] if label else []
    return kit.section(*runs, kit.words(said))


def _size(part: object) -> int:
    return len(json.dumps(part, ensure_ascii=False))
