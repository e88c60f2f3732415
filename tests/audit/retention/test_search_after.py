"""A search after pruning finds what is left, and says what is not; the index forgets the rest."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit import record
from bot.audit.index.builder import Builder
from bot.audit.index.folder import Index
from bot.audit.retention.forgetting import forget_pruned
from bot.audit.retention.nightly import Nightly
from bot.audit.search import AuditSearch, first_at
from bot.model import AuditQuery
from tests.audit.events import as_attacker, fill, rows
from tests.audit.index.random_log import PERSONS, Chance
from tests.audit.index.test_truth import expected
from tests.audit.retention.aged import DUE, Aged
from tests.audit.test_search import found
from tests.examples import examples

SHARD = 64
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    index = Index(tmp_path / "index", SHARD)
    yield index
    index.close()


def build(aged: Aged, index: Index) -> None:
    builder = Builder(aged.database, index, batch=20, tail=1)
    while builder.step():
        pass
    builder.close()


async def filled(aged: Aged, chance: Chance) -> None:
    """Two hundred events, the older half of which is pruned but for what one person did."""
    await fill(aged.log, *(chance.event() for _ in range(100)))
    await aged.hold(person=PERSONS[2])
    aged.clock.turn(days=1)
    await fill(aged.log, *(chance.event() for _ in range(100)))
    aged.clock.at = DUE + MOMENT


async def test_the_index_finds_what_reading_every_event_finds_over_pruned_and_held_rows(
    aged: Aged, index: Index
) -> None:
    chance = Chance(2032)
    await filled(aged, chance)
    build(aged, index)
    indexed = AuditSearch(aged.database, index=index, deadline=60)
    plain = AuditSearch(aged.database, deadline=60)
    await aged.prune()
    assert 40 < len(aged.gone()) < 100
    await fill(aged.log, *(chance.event() for _ in range(20)))
    # Here the words of pruned events are in the index still; then they are not.
    for _ in range(2):
        await compare(aged, chance, indexed, plain)
        await forget_pruned(aged.database, index)
        build(aged, index)


async def compare(aged: Aged, chance: Chance, *searches: AuditSearch) -> None:
    kept = [row for row in reversed(rows(aged.database)) if row[1] != b"{}"]
    everything = [(seq, record.parse(body)) for seq, body, _ in kept]
    choose = random.Random(5)  # noqa: S311 - chooses test data
    for _ in range(examples(50)):
        query = chance.query()
        if choose.random() < 0.3:
            since = aged.clock.at - timedelta(days=choose.choice([1, 2219, 2220, 2221, 2222]))
            name = choose.choice(["since", "until"])
            query = replace(query, **{name: since})  # type: ignore[arg-type] # both are times
        if choose.random() < 0.2:
            query = replace(query, before=choose.randint(1, 240))
        truth = [
            seq for seq in expected(everything, query) if query.before is None or seq < query.before
        ]
        for search in searches:
            page = await search.search(replace(query, limit=500))
            assert ([event.seq for event in page.events], page.damaged) == (truth, ()), query
            assert (await search.count(query)).found == len(truth)


async def test_a_search_says_how_far_the_log_was_pruned(aged: Aged) -> None:
    await filled(aged, Chance(7))
    await aged.prune()
    search = AuditSearch(aged.database, deadline=60)
    last = aged.gone()[-1]
    assert (await search.search(AuditQuery(limit=500))).pruned == last
    assert (await search.search(AuditQuery(since=aged.clock.at, limit=500))).pruned == 0
    assert (await search.search(AuditQuery(limit=1))).pruned == 0
    later = aged.clock.at - timedelta(days=1)
    assert aged.database.read_now(lambda c: first_at(c, later, 300)) > last


async def test_no_word_of_a_pruned_event_is_left_in_the_folder_of_the_index(
    aged: Aged, index: Index
) -> None:
    await aged.record("xylophone", *["hay"] * SHARD)
    aged.clock.turn(days=1)
    await aged.record("marimba")
    build(aged, index)
    assert b"xylophone" in content(index)
    aged.clock.at = DUE + MOMENT
    keeping = Nightly(aged.pruner(), index)
    await keeping.prune()
    assert keeping.trouble == ""
    build(aged, index)
    assert b"xylophone" not in content(index)
    assert b"marimba" in content(index)
    files = index.paths()
    await keeping.forget()
    assert index.paths() == files
    search = AuditSearch(aged.database, index=index, deadline=60)
    assert await found(search, AuditQuery(words=("xylophone",))) == []


def content(index: Index) -> bytes:
    return b"".join(each.read_bytes() for each in index.folder.glob("*.sqlite*"))


async def test_a_night_that_could_not_prune_says_why(aged: Aged) -> None:
    await aged.record("a", "b", "c")
    as_attacker(aged.database, text("UPDATE audit SET body = '{}' WHERE seq = 2"))
    aged.clock.at = DUE + timedelta(days=1)
    keeping = Nightly(aged.pruner(), None)
    await keeping.prune()
    assert keeping.trouble.startswith("the audit log was not pruned: Event 2 is damaged")


async def test_no_night_prunes_where_it_is_not_to(aged: Aged) -> None:
    await aged.record("a")
    aged.clock.at = DUE + timedelta(days=1)
    await Nightly(aged.pruner(nightly=False), None).prune()
    assert aged.gone() == []
