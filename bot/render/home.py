"""Draws a person's Home tab in Slack: what waits for them, what runs, and what they can start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.render import kit
from bot.render.blocks import HEADER, controls
from bot.render.plain import cut, inert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.model import Button
    from bot.render.kit import Part

BLOCKS = 100  # Slack's limit for a view (platforms.md §1.3)
OPENING, AROUND, EACH = 3, 2, 2  # blocks of the page's head, around a section, of an entry
# Ours: more of these than a person reads at a glance.
SECTIONS, ENTRIES, SAID, ACTIONS = 10, 10, 600, 12


@dataclass(frozen=True)
class Entry:
    """One thing on Home; after `until` it is not run."""

    title: str
    details: str = ""
    until: datetime | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Section:
    """Things of one kind; `nothing` is said where there are none, `more` shows all of them.

    `left` is how many there are beside the entries.
    """

    title: str
    entries: tuple[Entry, ...]
    nothing: str
    more: str
    left: int = 0


@dataclass(frozen=True)
class Page:
    """A whole Home tab; with a greeting alone it is one sentence."""

    greeting: str
    actions: tuple[Button, ...] = ()
    sections: tuple[Section, ...] = ()


def home(page: Page, *, console_url: str = "") -> Part:
    """Return the page as a Home tab of at most a hundred blocks."""
    shown = page.sections[:SECTIONS]
    room = (BLOCKS - OPENING - AROUND * len(shown)) // (EACH * max(len(shown), 1))
    blocks = list(_opening(page, console_url if shown else ""))
    for section in shown:
        blocks.extend(_section(section, min(room, ENTRIES)))
    return kit.home(blocks)


def _opening(page: Page, console_url: str) -> Iterator[Part]:
    yield from kit.rich([kit.section(kit.words(_said(page.greeting)))])
    drawn = controls(page.actions[:ACTIONS])
    if drawn:
        yield kit.actions(drawn)
    if console_url:
        yield from kit.rich([kit.section(kit.link(console_url, "Open the console"))])


def _section(section: Section, room: int) -> Iterator[Part]:
    yield kit.header(cut(_said(section.title), HEADER))
    for entry in section.entries[:room]:
        yield from _entry(entry)
    left = len(section.entries) - min(room, len(section.entries)) + section.left
    if not section.entries:
        yield kit.context(_said(section.nothing))
    elif left > 0:
        yield kit.context(_said(f"There are {left} more: type `{section.more}`."))


def _entry(entry: Entry) -> Iterator[Part]:
    runs = [kit.words(_said(entry.title), bold=True)]
    if entry.details.strip():
        runs.append(kit.words("\n" + _said(entry.details)))
    if entry.until is not None:
        runs += [kit.words("\nIt is not run after "), kit.date(entry.until), kit.words(".")]
    yield from kit.rich([kit.section(*runs)])
    drawn = controls(entry.buttons)
    if drawn:
        yield kit.actions(drawn)


def _said(text: str) -> str:
    return cut(inert(text.strip()[: SAID + 1]), SAID) or "\u2013"
