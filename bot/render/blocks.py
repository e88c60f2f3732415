"""Draws a Reply as Slack Block Kit, and a Form as a modal, within every limit Slack sets.

Somebody's words only ever stand in `plain_text`, `raw_text` and rich-text `text` elements, which
Slack shows as they are: there is nothing to escape out of. The message's own `text`, which
notifications and screen readers use, is Slack's markup and is escaped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    InputBlock,
    InputInteractiveElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RawTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextListElement,
    RichTextPreformattedElement,
    RichTextSectionElement,
    SectionBlock,
    StaticSelectElement,
    TableBlock,
)
from slack_sdk.models.views import View

from bot.model import InputKind, Style
from bot.render.plain import clean, cut, inert
from bot.render.text import text
from bot.render.words import STATES, status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slack_sdk.models.blocks import RichTextElement

    from bot.model import Button, Form, Input, Reply, Step

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
FORM, ANSWER = "form", "answer"  # the callback ids of our modals
VALUE = "value"  # the action id of every input: its block id is the argument's name
TYPES, ASKS = "types", "asks"  # what a button's action id starts with


@dataclass(frozen=True)
class Message:
    """A Slack message: blocks, and the text that stands for them where they are not shown."""

    text: str
    blocks: tuple[dict[str, object], ...]


def message(reply: Reply, *, console_url: str = "") -> Message:
    """Return the reply as a message; what does not fit is cut, with a link to the whole."""
    for share in (1.0, 0.6, 0.35, 0.2, 0.1, 0.05):
        sheet = _Sheet(share)
        drawn = [block.to_dict() for block in _blocks(reply, sheet, console_url)]
        if len(json.dumps(drawn, ensure_ascii=False)) <= MESSAGE_SIZE:
            break
    return Message(fallback(reply), tuple(drawn))


def fallback(reply: Reply) -> str:
    """Return the whole reply as escaped text for notifications and screen readers."""
    escaped = escape(inert(text(reply)))
    if len(escaped) > FALLBACK:
        # An entity cut in half would show as `&am`.
        escaped = re.sub(r"&[a-z]{0,3}$", "", escaped[: FALLBACK - 1]).rstrip() + "\u2026"
    return escaped


def escape(said: str) -> str:
    """Return text with the three characters escaped that Slack's markup is made of."""
    return said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def modal(form: Form, *, callback: str = FORM, metadata: str = "") -> dict[str, object]:
    """Return the form as a modal; `metadata` comes back with its submission."""
    sheet = _Sheet()
    inputs: list[Block] = [_input(entry, sheet) for entry in form.inputs[:VIEW_BLOCKS]]
    view = View(
        type="modal",
        callback_id=callback,
        title=_plain(sheet.fit(form.title or form.command, VIEW_WORD)),
        submit=_plain(sheet.fit(form.submit, VIEW_WORD)),
        close=_plain("Cancel"),
        blocks=inputs or [SectionBlock(text=_plain("Nothing has to be filled in."))],
        private_metadata=metadata,
    )
    return view.to_dict()


@dataclass
class _Sheet:
    """Keeps what is drawn within bounds, and remembers whether anything was left out."""

    share: float = 1.0
    is_cut: bool = False

    def fit(self, said: str, limit: int) -> str:
        """Return harmless text of at most `limit` characters."""
        whole = inert(said).strip()
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


def _blocks(reply: Reply, sheet: _Sheet, console_url: str) -> list[Block]:
    drawn = [
        *_title(reply, sheet),
        *_rich(_opening(reply, sheet)),
        *_status(reply),
        *_rich([*_items(reply, sheet), *_code(reply, sheet), *_progress(reply, sheet)]),
        *_table(reply, sheet),
        *_buttons(reply, sheet),
    ]
    if not drawn:
        drawn = _rich([_section(NOTHING)])
    if sheet.is_cut:
        drawn.extend(_rich([_whole(console_url)]))
    return drawn


def _title(reply: Reply, sheet: _Sheet) -> list[Block]:
    title = " ".join(reply.title.split())
    return [HeaderBlock(text=_plain(sheet.fit(title, HEADER)))] if title else []


def _opening(reply: Reply, sheet: _Sheet) -> list[RichTextElement]:
    said = sheet.body(reply.text, TEXT)
    opening: list[RichTextElement] = [_section(said)] if said and reply.text != reply.title else []
    for label, value in sheet.first(reply.fields, FIELDS):
        name, shown = sheet.fit(label, SHORT), sheet.body(value, CONTEXT)
        opening.append(_section(f"{name or NOTHING}: ", shown or NOTHING))
    return opening


def _status(reply: Reply) -> list[Block]:
    said = status(reply)
    return [ContextBlock(elements=[_plain(said)])] if said else []


def _items(reply: Reply, sheet: _Sheet) -> list[RichTextElement]:
    if not reply.items:
        return []
    kept = sheet.first(reply.items, ITEMS)
    rows = [_section(sheet.body(item, TEXT) or NOTHING) for item in kept]
    return [RichTextListElement(elements=rows, style="bullet")]


def _code(reply: Reply, sheet: _Sheet) -> list[RichTextElement]:
    code = sheet.body(reply.code.strip("\n"), TEXT)
    return [RichTextPreformattedElement(elements=[_words(code)])] if code else []


def _progress(reply: Reply, sheet: _Sheet) -> list[RichTextElement]:
    if not reply.progress:
        return []
    rows = [_step(step, sheet) for step in sheet.first(reply.progress, STEPS)]
    return [RichTextListElement(elements=rows, style="ordered")]


def _step(step: Step, sheet: _Sheet) -> RichTextElement:
    detail = f" ({sheet.fit(step.detail, SHORT)})" if step.detail else ""
    return _section(f"{STATES[step.state]}: ", sheet.fit(step.label, SHORT) + detail)


def _table(reply: Reply, sheet: _Sheet) -> list[Block]:
    table = reply.table
    if table is None or not table.rows or not table.columns:
        return []
    rows = [table.columns, *sheet.first(table.rows, ROWS - 1)]
    sheet.is_cut |= len(table.columns) > COLUMNS
    width = min(len(table.columns), COLUMNS)
    drawn: list[list[dict[str, object]]] = []
    left = int(TABLE_TEXT * sheet.share)
    for row in rows:
        cells = [sheet.body(cell, SHORT) or NOTHING for cell in (*row, *[""] * width)[:width]]
        left -= sum(map(len, cells))
        if left < 0 and len(drawn) > 1:
            sheet.is_cut = True
            break
        drawn.append([RawTextObject(text=cell).to_dict() for cell in cells])
    return [TableBlock(rows=drawn)]


def _buttons(reply: Reply, sheet: _Sheet) -> list[Block]:
    primary = next((b for b in reply.buttons if b.style is Style.PRIMARY), None)
    elements: list[ButtonElement] = []
    left = CONTROLS_SIZE
    for number, button in enumerate(reply.buttons[:BUTTONS]):
        element = _button(button, number, is_primary=button is primary)
        left -= len(json.dumps(element.get_non_null_attributes(), ensure_ascii=False))
        if left < 0 or len(button.command) > BUTTON_VALUE:
            break
        elements.append(element)
    sheet.is_cut |= len(elements) < len(reply.buttons)
    return [ActionsBlock(elements=elements)] if elements else []


def _button(button: Button, number: int, *, is_primary: bool) -> ButtonElement:
    label = cut(inert(button.label).strip() or button.command, BUTTON_LABEL)
    kind = f"{ASKS}:{number}:{button.asks}" if button.asks else f"{TYPES}:{number}"
    is_danger = button.style is Style.DANGER
    question = button.confirm or (f"This types: {button.command}" if is_danger else "")
    return ButtonElement(
        text=_plain(label),
        action_id=kind[:ACTION_ID],
        value=button.command,
        style="danger" if is_danger else "primary" if is_primary else None,
        confirm=_confirm(question, label) if question else None,
    )


def _confirm(question: str, label: str) -> ConfirmObject:
    return ConfirmObject(
        title=_plain(cut(f"{label}?", CONFIRM_TITLE)),
        text=_plain(cut(inert(question), CONFIRM_TEXT)),
        confirm=_plain(cut(label, CONFIRM_LABEL)),
        deny=_plain("Go back"),
    )


def _whole(console_url: str) -> RichTextElement:
    said = "This is not all of it: Slack shows no more. "
    if not console_url:
        return _section("", said + "Ask again in the terminal or the console for the rest.")
    link = RichTextElementParts.Link(url=console_url, text="Full output")
    return RichTextSectionElement(elements=[_words(said), link])


def _input(entry: Input, sheet: _Sheet) -> InputBlock:
    hint = sheet.fit(entry.hint, HINT)
    return InputBlock(
        block_id=entry.name,
        label=_plain(sheet.fit(entry.label or entry.name, LABEL)),
        hint=_plain(hint) if hint else None,
        optional=not entry.required,
        element=_control(entry),
    )


def _control(entry: Input) -> InputInteractiveElement:
    choices = list(dict.fromkeys(entry.choices))
    fits = 0 < len(choices) <= OPTIONS and all(0 < len(c) <= OPTION_VALUE for c in choices)
    if entry.kind is not InputKind.CHOICE or not fits:
        # More choices than Slack lists are typed: a typo is met with did-you-mean.
        return PlainTextInputElement(
            action_id=VALUE,
            multiline=entry.kind is InputKind.LONG_TEXT,
            initial_value=clean(entry.value)[:TYPED] or None,
            max_length=TYPED,
        )
    options = {choice: _option(choice) for choice in choices}
    return StaticSelectElement(
        action_id=VALUE,
        options=list(options.values()),
        initial_option=options.get(entry.value),
    )


def _option(choice: str) -> Option:
    return Option(value=choice, text=_plain(cut(inert(choice), OPTION_LABEL)))


def _rich(elements: Sequence[RichTextElement]) -> list[Block]:
    return [RichTextBlock(elements=elements)] if elements else []


def _section(said: str, after: str = "") -> RichTextSectionElement:
    """Return one paragraph; with `after`, what comes first is a label in bold."""
    if not after:
        return RichTextSectionElement(elements=[_words(said)])
    label = [_words(said, bold=True)] if said else []
    return RichTextSectionElement(elements=[*label, _words(after)])


def _words(said: str, *, bold: bool = False) -> RichTextElementParts.Text:
    style = RichTextElementParts.TextStyle(bold=True) if bold else None
    return RichTextElementParts.Text(text=said, style=style)


def _plain(said: str) -> PlainTextObject:
    # emoji=False: `:warning:` in somebody's text stays text.
    return PlainTextObject(text=said, emoji=False)
