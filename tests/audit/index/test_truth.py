"""The index finds what reading every event finds, whatever it has got to."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import replace
from itertools import repeat

import pytest
from sqlalchemy import text

from bot.audit import record, scan
from bot.audit.index import plan
from bot.audit.index.builder import Builder
from bot.audit.index.folder import Index
from bot.audit.index.shard import candidates
from bot.audit.log import AuditLog
from bot.audit.matching import matches
from bot.audit.query import parse_query
from bot.audit.search import AuditSearch, _storable
from bot.errors import BadInput
from bot.model import AuditQuery
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock, in_a_file
from tests.audit.events import as_attacker, draft, fill, rows
from tests.audit.index.random_log import Chance
from tests.audit.test_search import found
from tests.examples import THOROUGH

QUERIES = 1_000 if THOROUGH else 40
TYPED = 20_000 if THOROUGH else 1_000


def everything_in(database: Database) -> list[tuple[int, record.Fields]]:
    return [(seq, record.parse(body)) for seq, body, _ in reversed(rows(database))]


def expected(everything: list[tuple[int, record.Fields]], query: AuditQuery) -> list[int]:
    # The log stores NUL as U+FFFD, and so does a search.
    stored = replace(
        query,
        words=tuple(map(record.storable, query.words)),
        prefixes=tuple(map(record.storable, query.prefixes)),
        without=tuple(map(record.storable, query.without)),
    )
    return [seq for seq, fields in everything if matches(fields, stored)]


async def test_the_index_finds_what_reading_every_event_finds(
    log: AuditLog,
    database: Database,
    indexed: AuditSearch,
    build: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = Chance(4711)
    await fill(log, *(chance.event() for _ in range(300)))
    build()
    tail = 30
    await fill(log, *(chance.event() for _ in range(tail)))
    queries = [chance.query() for _ in range(QUERIES)]
    everything = everything_in(database)
    truth = [expected(everything, query) for query in queries]
    assert sum(map(bool, truth)) > QUERIES // 4

    # Below the tail nothing is read but what the index named, or could not narrow down.
    read: list[AuditQuery] = []
    whole = scan.scan

    def watched(connection: object, query: AuditQuery, lowest: int, highest: int) -> object:
        if lowest < highest and lowest <= 256:
            read.append(query)
        return whole(connection, query, lowest, highest)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr("bot.audit.index.walk.scan", watched)
    for query, seqs in zip(queries, truth, strict=True):
        assert await found(indexed, query) == seqs, query
    assert [query for query in read if plan.wanted(query).tokens] == []


async def test_a_query_is_found_at_every_border_of_a_shard(
    log: AuditLog, index: Index, indexed: AuditSearch, build: Callable[[], int]
) -> None:
    size = index.shard_size
    odd = (1, size, size + 1, 2 * size, 2 * size + 1, 3 * size)
    await fill(log, *(draft(text="needle" if n in odd else "hay") for n in range(1, 3 * size + 1)))
    build()
    assert len(index.paths()) == 3
    assert await found(indexed, AuditQuery(words=("needle",), limit=1)) == sorted(odd)[::-1]
    for before in odd:
        below = [seq for seq in sorted(odd)[::-1] if seq < before]
        assert await found(indexed, AuditQuery(words=("needle",), before=before)) == below


async def test_you_read_your_own_writes(
    log: AuditLog, indexed: AuditSearch, build: Callable[[], int]
) -> None:
    for number in range(1, 9):
        await log.append(draft(text="needle"))
        assert await found(indexed, AuditQuery(words=("needle",))) == list(range(number, 0, -1))
        if number % 3 == 0:
            build()


@in_a_file
async def test_whatever_is_typed_searches_without_an_error(
    log: AuditLog, index: Index, indexed: AuditSearch, builder: Builder, clock: TurnedClock
) -> None:
    chance = Chance(3)
    await fill(log, draft(text="x OR y"), *(chance.event() for _ in range(70)))
    while builder.step():
        pass
    choose = random.Random(7)  # noqa: S311 - chooses test data
    alphabet = string.printable + "\x00\ud800é“”🚑%_\\\xa7\x80" + '"' * 5 + ": " * 5 + "*-" * 3
    typed = ["".join(choose.choices(alphabet, k=choose.randint(0, 40))) for _ in range(TYPED)]
    typed += ["x OR y", "NOT x", "NEAR(x y)", "xyz*", "^x", "col:", "'; DROP TABLE token; --"]
    typed += ["a" * 1999, "a " * 999, '"' * 1999, "(" * 1999, "%" * 1999, "é" * 1999, "ab1 " * 499]
    typed += [" ".join(f"w{n}rd" for n in range(300)), "~~damaged", "~~long", "~~pengineer"]
    searched = 0
    for each in typed:
        try:
            query = parse_query(each, now=clock.at)
        except BadInput:
            continue
        searched += 1
        await indexed.search(query)
        with index.reading(index.paths()[0]) as reading:
            asked = plan.expression(plan.wanted(_storable(query)), reading.words, reading.odd)
            if asked:  # a search would go on without the index where this failed
                every = candidates(
                    reading.connection, asked, 1, 99, sizes=repeat(9), is_late=lambda: False
                )
                assert all(every)
    assert searched > TYPED // 2
    assert await found(indexed, parse_query('"x or y"', now=clock.at)) == [1]


async def test_a_damaged_event_is_named_whatever_was_looked_for(
    log: AuditLog, database: Database, indexed: AuditSearch, build: Callable[[], int]
) -> None:
    await fill(log, *(draft(text=f"word {n}") for n in range(6)))
    as_attacker(
        database, text("UPDATE audit SET body = replace(body, 'word 1', 'word 9') WHERE seq = 2")
    )
    build()
    as_attacker(
        database, text("UPDATE audit SET body = replace(body, 'word 3', 'word 9') WHERE seq = 4")
    )
    page = await indexed.search(AuditQuery(words=("word",)))
    assert ([event.seq for event in page.events], page.damaged) == ([6, 5, 3, 1], (4, 2))
    assert (await indexed.search(AuditQuery(words=("hay",)))).damaged == (2,)


async def test_an_index_that_lies_makes_no_wrong_hit(
    log: AuditLog, index: Index, indexed: AuditSearch, build: Callable[[], int]
) -> None:
    await fill(log, *(draft(text="hay") for _ in range(4)), draft(text="needle"))
    build()
    with index.reading(index.paths()[0]) as reading:
        pass
    reading.connection.execute("PRAGMA query_only = OFF")
    reading.connection.execute("INSERT INTO token (rowid, text) VALUES (2, 'needle')")
    reading.connection.execute("INSERT INTO token (rowid, text) VALUES (900, 'needle')")
    assert await found(indexed, AuditQuery(words=("needle",))) == [5]
