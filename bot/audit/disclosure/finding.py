"""Finds events by the words of their sensitive texts, for those who may read them.

These words are in no index: each text is opened, newest first, and compared in memory. A word is
found whole or not at all, so that nobody can put a number together from its digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from bot.audit.disclosure.opening import open_events
from bot.audit.disclosure.rows import sealed, sealed_from
from bot.audit.disclosure.vault import Sealed, Vault
from bot.audit.matching import at, fold, matches, whole_text
from bot.audit.probe import rows_of
from bot.audit.reading import read_event
from bot.model import AuditPage, AuditQuery, Event

_PART: Final = 128
"""Events that are opened between two looks at the time."""


def looks_inside(query: AuditQuery) -> bool:
    """Say whether a query may be answered by a sensitive text."""
    return query.sensitive and bool(query.words) and not query.prefixes


def found_inside(
    connection: Connection, vault: Vault, query: AuditQuery, lowest: int, highest: int
) -> Iterator[tuple[list[Event], int]]:
    """Return matches that a sensitive text has a word of, and how far down was looked, by parts."""
    upper = highest
    usual = replace(query, words=(), without=())
    while upper > lowest:
        seqs = sealed_from(connection, lowest, upper, _PART)
        events = filter(None, map(read_event, rows_of(connection, seqs))) if seqs else ()
        likely = [event for event in events if matches(event.data, usual)]
        upper = seqs[-1] if len(seqs) == _PART else lowest
        rows = sealed(connection, [event.seq for event in likely])
        opened = open_events(connection, vault, likely, lambda _: True)
        both = zip(likely, opened, strict=True)
        yield [event for event, open_ in both if _says(event, _texts(open_, rows), query)], upper


def _texts(opened: Event, rows: Sequence[Sealed]) -> str:
    """Return an event's sensitive texts, folded."""
    paths = (tuple(row[2].split(".")) for row in rows if row[0] == opened.seq)
    return fold("\0".join(str(at(opened.data, path) or "") for path in paths))


def _says(event: Event, inside: str, query: AuditQuery) -> bool:
    plain = whole_text(event.data)
    return (
        all(fold(word) in plain or _has_word(inside, word) for word in query.words)
        and not all(fold(word) in plain for word in query.words)
        and not any(fold(word) in plain or _has_word(inside, word) for word in query.without)
    )


def _has_word(inside: str, word: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(fold(word))}(?!\w)", inside))


def page_inside(
    connection: Connection,
    vault: Vault,
    query: AuditQuery,
    between: tuple[int, int],
    is_late: Callable[[], bool],
) -> tuple[list[Event], int]:
    """Return a page of such matches, newest first, and how far down it looked; 0 at the end."""
    events: list[Event] = []
    for found, reached in found_inside(connection, vault, query, *between):
        events += found
        if len(events) >= query.limit:
            return events[: query.limit], events[query.limit - 1].seq
        if reached > between[0] and is_late():
            return events, reached
    return events, 0


def count_inside(
    connection: Connection,
    vault: Vault,
    query: AuditQuery,
    between: tuple[int, int],
    is_late: Callable[[], bool],
) -> tuple[int, int]:
    """Return how many such matches there are, and how far down it looked; 0 at the end."""
    count = 0
    for found, reached in found_inside(connection, vault, query, *between):
        count += len(found)
        if reached > between[0] and is_late():
            return count, reached
    return count, 0


def merged(page: AuditPage, inside: tuple[list[Event], int], limit: int) -> AuditPage:
    """Return one page of two that looked through the same events."""
    events, reached = inside
    down_to = max(page.next_before or 0, reached)
    union = {event.seq: event for event in (*page.events, *events) if event.seq >= down_to}
    newest = sorted(union.values(), key=lambda event: -event.seq)
    if len(newest) > limit:
        return replace(page, events=tuple(newest[:limit]), next_before=newest[limit - 1].seq)
    return replace(page, events=tuple(newest), next_before=down_to or None)
