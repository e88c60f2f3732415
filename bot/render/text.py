"""Draws a Reply as plain text, for terminals, notifications and screen readers."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from bot.render.opening import opened
from bot.render.picture import address
from bot.render.plain import cells, clean, pad
from bot.render.words import STATES, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.model import Button, Form, Reply, Step

LABEL_CELLS = 24  # a longer label does not push every value to the right
NARROWEST = 20  # below this, wrapping makes text harder to read, not easier
CODE_INDENT = "    "
GAP = "  "


def text(reply: Reply, *, width: int | None = None) -> str:
    """Return the reply as lines; wrapped to `width` terminal columns, never when it is None."""
    room = max(width, NARROWEST) if width else None
    draw: tuple[Callable[[Reply, int | None], list[str]], ...] = (
        _opening,
        _image,
        _fields,
        _items,
        _table,
        _code,
        _progress,
        _form,
        _buttons,
    )
    parts = ("\n".join(lines) for part in draw if (lines := part(reply, room)))
    return "\n\n".join(parts)


def _opening(reply: Reply, room: int | None) -> list[str]:
    title, said = clean(reply.title).strip(), clean(reply.text).strip()
    lines = [part for part in (title, said if said != title else "", status(reply)) if part]
    return [line for part in lines for line in _wrap(part, room)]


def _image(reply: Reply, room: int | None) -> list[str]:
    if reply.image is None:
        return []
    alt, url = clean(reply.image.alt).strip() or "Picture", address(reply.image)
    return _wrap(f"{alt}: {url}" if url else alt, room)


def _fields(reply: Reply, room: int | None) -> list[str]:
    rows = [(clean(label).strip() + ":", clean(value).strip()) for label, value in reply.fields]
    column = min(max((cells(label) for label, _ in rows), default=0), LABEL_CELLS)
    lines: list[str] = []
    for label, value in rows:
        lines.extend(_wrap(value, room, first=pad(label, column) + " ", hang=" " * (column + 1)))
    return lines


def _items(reply: Reply, room: int | None) -> list[str]:
    return [line for item in reply.items for line in _wrap(clean(item), room, first="- ", hang=GAP)]


def _table(reply: Reply, room: int | None) -> list[str]:
    if reply.table is None or not reply.table.rows:
        return []
    columns = [_flat(column) for column in reply.table.columns]
    rows = [_row(row, len(columns)) for row in reply.table.rows]
    widths = [max(map(cells, column)) for column in zip(columns, *rows, strict=True)]
    if room is not None and sum(widths) + len(GAP) * (len(widths) - 1) > room:
        return _records(columns, rows, room)
    rule = ["-" * width for width in widths]
    return [_line(row, widths) for row in (columns, rule, *rows)]


def _records(columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> list[str]:
    """Draw a table that is too wide as one small list per row."""
    lines: list[str] = []
    for row in rows:
        if lines:
            lines.append("")
        for column, value in zip(columns, row, strict=True):
            lines.extend(_wrap(value, room, first=f"{column}: ", hang=GAP))
    return lines


def _row(row: Sequence[str], count: int) -> list[str]:
    return [_flat(cell) for cell in (*row, *[""] * count)][:count]


def _line(row: Iterable[str], widths: Sequence[int]) -> str:
    return GAP.join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _code(reply: Reply, room: int | None) -> list[str]:  # noqa: ARG001 - a log is never wrapped: its columns mean something
    return [CODE_INDENT + line for line in clean(reply.code).strip("\n").splitlines()]


def _progress(reply: Reply, room: int | None) -> list[str]:
    lines: list[str] = []
    for number, step in enumerate(reply.progress, start=1):
        lines.extend(_wrap(_step(step), room, first=f"{number}. ", hang=GAP + " "))
    return lines


def _step(step: Step) -> str:
    detail = f" ({clean(step.detail).strip()})" if step.detail else ""
    return f"{STATES[step.state]}: {clean(step.label).strip()}{detail}"


def _form(reply: Reply, room: int | None) -> list[str]:
    if reply.form is None:
        return []
    return ["It asks for:", *_inputs(reply.form, room)]


def _inputs(form: Form, room: int | None) -> list[str]:
    lines: list[str] = []
    for entry in form.inputs:
        optional = "" if entry.required else " (optional)"
        choices = f", one of: {', '.join(entry.choices)}" if entry.choices else ""
        lines.extend(_wrap(clean(entry.label + optional + choices), room, first="- ", hang=GAP))
    return lines


def _buttons(reply: Reply, room: int | None) -> list[str]:
    if not reply.buttons:
        return []
    lines = [f"{clean(one.label).strip()}: {url}" for one in reply.buttons if (url := opened(one))]
    typing = [button for button in reply.buttons if button.command]
    lines += ["You can type:"] if typing else []
    for button in typing:
        lines.extend(_wrap(_typed(button), room, first=GAP, hang=GAP * 2))
    return lines


def _typed(button: Button) -> str:
    asked = f" --{button.asks.replace('_', '-')} ..." if button.asks else ""
    return f"{clean(button.command)}{asked}  ({clean(button.label).strip()})"


def _flat(cell: str) -> str:
    return " ".join(clean(cell).split())


def _wrap(said: str, room: int | None, *, first: str = "", hang: str = "") -> list[str]:
    """Return lines that start with `first`, then `hang`; words are never lost, only moved."""
    if room is None and "\n" not in said:
        return [(first + said).rstrip()]
    lines: list[str] = []
    for number, paragraph in enumerate(said.split("\n")):
        start = hang if number else first
        if room is None or cells(start + paragraph) <= room:
            lines.append((start + paragraph).rstrip())
            continue
        wrapped = textwrap.wrap(
            start + paragraph,
            room,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines.extend(wrapped or [start.rstrip()])
    return lines


__all__ = ["text"]
