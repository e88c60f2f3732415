"""`audit search` as people use it: pages by button, counts, and how far a search got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from bot.api import Caller
from bot.audit.query import parse_query
from bot.model import (
    AuditCount,
    AuditPage,
    AuditQuery,
    Event,
    Place,
    Principal,
    Reason,
    Reply,
    Verdict,
)
from commands.audit import search
from tests.house import Chat

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LONG_AGO = datetime(2024, 3, 1, 8, 15, tzinfo=UTC)


def rows(reply: Reply) -> tuple[tuple[str, ...], ...]:
    assert reply.table is not None
    return tuple(map(tuple, reply.table.rows))


async def test_older_events_are_a_button_away_until_there_are_none(chat: Chat) -> None:
    for _ in range(5):
        await chat.say("deploy list")
    first = await chat.say('audit search verb:"deploy list" --limit 6')
    assert "6 of 10 events" in first.text
    assert [button.label for button in first.buttons] == ["Older"]
    second = await chat.say(first.buttons[0].command)
    assert "4 events" in second.text
    assert second.buttons == ()
    shown = [row[0] for reply in (first, second) for row in rows(reply)]
    assert len(set(shown)) == 10
    assert shown == sorted(shown, key=int, reverse=True)


async def test_what_is_left_out_and_how_words_begin_can_be_typed_in_a_chat(chat: Chat) -> None:
    await chat.say("deploy list")
    found = await chat.say('audit search deplo* -outcome:ok -"no such words" by:engineer')
    assert found.reason is Reason.OK
    assert {row[5].split()[0] for row in rows(found)} == {"intent"}


async def test_all_that_matches_is_counted_on_demand(chat: Chat) -> None:
    for _ in range(3):
        await chat.say("deploy list")
    counted = await chat.say('audit search verb:"deploy list" --count')
    assert counted.text == '6 events match for `verb:"deploy list"`.'
    assert counted.table is None


async def test_a_query_that_makes_no_sense_is_explained(chat: Chat) -> None:
    refused = await chat.say("audit search re*")
    assert refused.reason is Reason.BAD_INPUT
    assert "at least 3 characters" in refused.text


@dataclass
class Reader:
    """A log that is too large for the time there is."""

    page: AuditPage
    counted: AuditCount = field(default_factory=lambda: AuditCount(0))
    counts: list[tuple[AuditQuery, int | None]] = field(default_factory=list)

    async def search(self, _query: AuditQuery) -> AuditPage:
        return self.page

    async def count(self, query: AuditQuery, *, most: int | None = None) -> AuditCount:
        self.counts.append((query, most))
        return self.counted

    async def show(self, _seq: int) -> Event | None:
        return None

    async def verify(self) -> Verdict:
        raise NotImplementedError


class Closed:
    """Whose texts nobody may read."""

    def may_read(self, _who: Principal) -> bool:
        return False

    async def shown(self, _who: Principal, events: Sequence[Event]) -> Sequence[Event]:
        return events


SOMEBODY = Caller(Principal("engineer", "", frozenset()), Place("terminal", "room"), "c-1")


def language(text: str) -> AuditQuery:
    return parse_query(text, now=NOW)


def events(count: int) -> tuple[Event, ...]:
    return tuple(Event(seq, NOW, b"{}", b"", {"verb": "deploy"}) for seq in range(count, 0, -1))


@pytest.mark.parametrize(
    ("found", "said"), [(0, "No event matches for `needle`"), (2, "2 events for `needle`")]
)
async def test_a_search_whose_time_was_up_asks_whether_to_go_on(found: int, said: str) -> None:
    reader = Reader(AuditPage(events(found), 4711, searched_back_to=LONG_AGO))
    reply = await search.run(search.Args(query="needle"), SOMEBODY, reader, language, Closed())
    assert reply.text.startswith(said)
    assert reply.text.endswith("searched back to 2024-03-01 08:15:00 UTC, continue?")
    (button,) = reply.buttons
    assert (button.label, button.command) == ("Continue", "audit search needle --before 4711")
    assert reply.refs == {"next_before": "4711"}
    assert reader.counts == []


@pytest.mark.parametrize(
    ("older", "said"),
    [
        (AuditCount(37), "20 of 57 events"),
        (AuditCount(1_000, is_capped=True), "20 of 1,000+ events"),
        (AuditCount(990), "20 of 1,000+ events"),
        (AuditCount(5, is_capped=True, searched_back_to=LONG_AGO), "20 of 25+ events"),
    ],
)
async def test_a_full_page_says_of_how_many_it_is_as_far_as_that_is_quick(
    older: AuditCount, said: str
) -> None:
    reader = Reader(AuditPage(events(20), 1), older)
    reply = await search.run(search.Args(), SOMEBODY, reader, language, Closed())
    assert reply.text.startswith(said)
    ((query, most),) = reader.counts
    assert (query.before, most) == (1, 1_000)


async def test_a_count_whose_time_was_up_says_so() -> None:
    counted = AuditCount(57_000, is_capped=True, searched_back_to=LONG_AGO)
    reader = Reader(AuditPage((), None), counted)
    reply = await search.run(
        search.Args(query="needle", count=True), SOMEBODY, reader, language, Closed()
    )
    assert reply.text == (
        "At least 57,000 events match for `needle`; counted back to 2024-03-01 08:15:00 UTC."
    )
    assert reader.counts[0][1] is None
