from __future__ import annotations

import asyncio
import itertools
import random
import string
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.audit import matching, record
from bot.audit import scan as scan_module
from bot.audit.log import AuditLog
from bot.audit.query import parse_query
from bot.audit.search import MAX_LIMIT, AuditSearch
from bot.errors import BadInput
from bot.model import AuditQuery, Kind, Reason
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import draft, fill, rows


async def found(search: AuditSearch, query: AuditQuery) -> list[int]:
    """Every match, page after page."""
    seqs: list[int] = []
    before = query.before
    while True:
        page = await search.search(replace(query, before=before))
        assert page.damaged == ()
        seqs += [event.seq for event in page.events]
        before = page.next_before
        if before is None:
            return seqs


async def test_events_come_newest_first_with_what_was_recorded(
    log: AuditLog, search: AuditSearch, database: Database
) -> None:
    await fill(log, *(draft(text=str(n)) for n in range(5)))
    page = await search.search(AuditQuery())
    assert [event.seq for event in page.events] == [5, 4, 3, 2, 1]
    assert [(e.seq, e.body, e.leaf) for e in reversed(page.events)] == rows(database)
    assert page.events[0].data["text"] == "4"
    assert (page.next_before, page.damaged) == (None, ())


FILTERS = [
    ("person", "engineer-1", "engineer-11"),
    ("service", "lab-results", "lab"),
    ("environment", "production", "prod"),
    ("verb", "ci run", "ci run now"),
    ("request", "REQ-1", "REQ-11"),
    ("deploy", "DEP-1", "DEP-11"),
    ("change", "CHG-1", "CHG-11"),
    ("incident", "INC-1", "INC-11"),
    ("correlation", "c-7", "c-77"),
    ("reason", Reason.OK, Reason.FAILED),
    ("kind", Kind.EFFECT, Kind.EFFECT_OUTCOME),
    ("service", 'a "quoted" \\ name %', "a quoted name"),
    ("verb", "gruß'%_", "gruss'%_"),
]


async def test_a_filter_finds_what_has_exactly_that_value(
    log: AuditLog, search: AuditSearch
) -> None:
    for name, one, other in FILTERS:
        usual = dict.fromkeys(("service", "environment"), "")
        # The value in another place must not count.
        misleading = usual | {name: other, "params": {name: str(one)}, "text": str(one)}
        matching_ones = usual | {name: one}
        first = (await log.append(draft(**matching_ones))).event.seq
        await fill(log, draft(**misleading), draft(**matching_ones))
        wanted: dict[str, Any] = {name: str(one)}
        assert await found(search, AuditQuery(**wanted)) == [first + 2, first], name


UNLIKE = ["nothing", "100 percent", "a-b axb", "access was denied", "c:temp", "say no"]
WORDS = {
    "timeout": ["Timeout after 5 s", "TIMEOUT", "timeouts"],
    "access denied": ["said Access Denied."],
    "100%": ["disk 100% full"],
    "a_b": ["x a_b x"],
    "c:\\temp": ["in C:\\Temp today"],
    'say "no"': ['please say "no" to it'],
    "ÄRZTE": ["die Ärzte", "ÄRZTE", "ärzte"],
    "λβ": ["ΛΒ", "Λβ"],
    "🚑": ["call 🚑 now"],
    "line\nbreak": ["a Line\nBreak"],
    "\x7f": ["a \x7f b"],
    "/path": ["a/path"],
}


async def test_words_match_in_any_case_anywhere_in_the_texts(
    log: AuditLog, search: AuditSearch
) -> None:
    texts = [*UNLIKE, *itertools.chain(*WORDS.values())]
    await fill(log, *(draft(text=each) for each in texts))
    for word, matching_texts in WORDS.items():
        seqs = await found(search, AuditQuery(words=(word,)))
        assert [texts[seq - 1] for seq in reversed(seqs)] == matching_texts


async def test_all_words_and_filters_must_hold(log: AuditLog, search: AuditSearch) -> None:
    await fill(
        log,
        draft(text="red green", person="a"),
        draft(text="red", error="green", person="b"),
        draft(text="red", person="a"),
    )
    assert await found(search, AuditQuery(words=("red", "green"))) == [2, 1]
    assert await found(search, AuditQuery(words=("green", "red"), person="b")) == [2]


@in_a_file
async def test_words_are_looked_for_in_values_and_not_across_two_of_them(
    log: AuditLog, search: AuditSearch
) -> None:
    await fill(log, draft(text="ends", error="begins", params={"reason": "because"}))
    assert await found(search, AuditQuery(words=("because",))) == [1]
    for absent in ("params", "correlation", "endsbegins", '","', "intent\x00deploy", '"', "{"):
        assert await found(search, AuditQuery(words=(absent,))) == []


async def test_what_could_not_be_stored_is_found_as_it_was_typed(
    log: AuditLog, search: AuditSearch
) -> None:
    await fill(log, draft(text="a\x00b", verb="x\ud800"))
    assert await found(search, AuditQuery(words=("a\x00b",), verb="x\ud800")) == [1]


async def test_times_bound_what_is_found(
    log: AuditLog, search: AuditSearch, clock: TurnedClock
) -> None:
    start = clock.at
    for _ in range(50):
        await log.append(draft())
        clock.turn(minutes=1)

    async def between(since: int | None, until: int | None) -> list[int]:
        query = AuditQuery(
            since=None if since is None else start + timedelta(minutes=since),
            until=None if until is None else start + timedelta(minutes=until),
        )
        return sorted(await found(search, query))

    assert await between(None, None) == list(range(1, 51))
    assert await between(10, 20) == list(range(11, 21))
    assert await between(49, None) == [50]
    assert await between(50, None) == []
    assert await between(-5, 1) == [1]
    assert await between(None, 0) == []
    assert await between(20, 10) == []


async def test_pages_stay_as_they_are_while_the_log_grows(
    log: AuditLog, search: AuditSearch
) -> None:
    await fill(log, *(draft(person=f"p{n % 3}") for n in range(90)))
    query, pages = AuditQuery(person="p1", limit=7), []
    before: int | None = None
    while True:
        page = await search.search(replace(query, before=before))
        pages.append([event.seq for event in page.events])
        await fill(log, draft(person="p1"), draft(person="p0"))
        before = page.next_before
        if before is None:
            break
    assert list(itertools.chain(*pages)) == list(range(89, 0, -3))
    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]


@in_a_file
async def test_a_page_that_ends_exactly_with_the_log_has_no_next(
    log: AuditLog, search: AuditSearch
) -> None:
    await fill(log, *(draft() for _ in range(4)))
    assert (await search.search(AuditQuery(limit=4))).next_before is None
    assert (await search.search(AuditQuery(limit=3))).next_before == 2


async def test_an_odd_limit_is_brought_into_range(log: AuditLog, search: AuditSearch) -> None:
    await fill(log, draft(), draft())
    for limit in (-1, 0, 10**9):
        page = await search.search(AuditQuery(limit=limit))
        assert len(page.events) == (2 if limit > MAX_LIMIT else 1)


async def test_an_odd_cursor_finds_what_is_below_it(log: AuditLog, search: AuditSearch) -> None:
    await fill(log, *(draft() for _ in range(4)))
    for before in (-(2**70), -1, 0, 1, 3, 2**70):
        expected = [seq for seq in (4, 3, 2, 1) if seq < before]
        assert await found(search, AuditQuery(before=before)) == expected


@in_a_file
async def test_a_search_that_runs_out_of_time_says_how_far_it_looked(
    log: AuditLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_module, "NARROW", 50)
    await fill(log, draft(text="needle"), *(draft() for _ in range(400)))
    late = AuditSearch(database, deadline=1, timer=itertools.count(step=2).__next__)
    page = await late.search(AuditQuery(words=("needle",)))
    assert (page.events, page.damaged) == ((), ())
    assert page.next_before is not None
    assert page.next_before == 352
    assert await found(late, AuditQuery(words=("needle",))) == [1]


async def test_more_candidates_than_one_reading_takes_are_all_looked_at(
    log: AuditLog, search: AuditSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_module, "_FETCH", 50)
    # "reason" is a word of every event's JSON, and in no text but the first one's.
    await fill(log, draft(text="the reason"), *(draft(reason=Reason.OK) for _ in range(200)))
    assert await found(search, AuditQuery(words=("reason",))) == [1]


async def test_search_finds_what_reading_every_event_finds(
    log: AuditLog, search: AuditSearch, database: Database
) -> None:
    choose = random.Random(4711)  # noqa: S311 - chooses test data
    words = [
        "Deploy",
        "timeout",
        "ÄRZTE",
        "100%",
        "a_b",
        '"x"',
        "\\",
        "ok",
        "k",
        "K",
        "\u017f",
        "İ",
    ]

    def some() -> str:
        return " ".join(choose.choices(words, k=choose.randint(0, 4)))

    def one(*values: str) -> str:
        return choose.choice(values)

    await fill(
        log,
        *(
            draft(
                text=some(),
                error=some(),
                person=one("a", "b", ""),
                service=one("x", "y", ""),
                environment=one("test", "production"),
                verb=one("deploy", "ci run"),
                request=one("", "REQ-1", "REQ-2"),
                reason=choose.choice([None, *Reason]),
                params={"why": some()},
            )
            for _ in range(250)
        ),
    )
    everything = [(seq, record.parse(body)) for seq, body, _ in reversed(rows(database))]
    for _ in range(80):
        query = AuditQuery(
            words=tuple(choose.sample(words, k=choose.randint(0, 2))),
            person=one("", "", "a", "b", "z"),
            service=one("", "", "x"),
            environment=one("", "", "test"),
            verb=one("", "", "ci run"),
            request=one("", "", "REQ-1"),
            reason=one("", "", "ok", "failed"),
            limit=choose.randint(1, 60),
        )
        expected = [seq for seq, fields in everything if matching.matches(fields, query)]
        assert await found(search, query) == expected, query


async def test_whatever_is_typed_searches_without_an_error(
    log: AuditLog, search: AuditSearch, clock: TurnedClock
) -> None:
    await fill(log, draft(text="x OR y"))
    choose = random.Random(7)  # noqa: S311 - chooses test data
    alphabet = string.printable + "\x00\ud800é“”🚑%_\\" + '"' * 5 + ": " * 5
    typed = ["".join(choose.choices(alphabet, k=choose.randint(0, 40))) for _ in range(80)]
    typed += ["x OR y", "NOT x", "NEAR(x y)", "x*", "^x", "col:", "'; DROP TABLE audit; --", "%"]
    typed += ["a" * 1999, "a " * 999, '"' * 1999, "(" * 1999, "%" * 1999, "é" * 1999, "\\" * 1999]
    for text_ in typed:
        try:
            query = parse_query(text_, now=clock.at)
        except BadInput:
            continue
        await search.search(query)
    assert await found(search, parse_query('"x or y"', now=clock.at)) == [1]


@in_a_file
async def test_a_word_longer_than_the_database_can_look_for_is_found(
    log: AuditLog, search: AuditSearch
) -> None:
    await fill(log, draft(text="x" * 30_000), draft(text="x" * 29_999))
    assert await found(search, AuditQuery(words=("X" * 30_000,))) == [1]


async def test_one_event_is_shown_by_number(log: AuditLog, search: AuditSearch) -> None:
    recorded = (await log.append(draft())).event
    shown = await search.show(1)
    assert shown == recorded
    for absent in (0, -1, 2, 2**63, 2**70):
        assert await search.show(absent) is None


async def test_a_whole_log_verifies_while_it_grows(log: AuditLog, search: AuditSearch) -> None:
    assert (await search.verify()).ok

    async def grow() -> None:
        for _ in range(100):
            await log.append(draft())

    growing = asyncio.ensure_future(grow())
    while not growing.done():
        assert (await search.verify()).ok
    await growing
    verdict = await search.verify()
    assert (verdict.ok, verdict.size, verdict.problems, verdict.first_bad) == (True, 100, (), None)


def test_times_are_compared_on_the_event_itself() -> None:
    at = record.moment(1_000_000)
    soon = at + timedelta(seconds=1)
    assert matching.matches({"ts": 1_000_000}, AuditQuery(since=at, until=soon))
    assert not matching.matches({"ts": 1_000_000}, AuditQuery(since=soon))
    assert not matching.matches({"ts": 1_000_000}, AuditQuery(until=at))
    assert not matching.matches({}, AuditQuery())
