"""Findings of probes: kept once, read by spans, and each endpoint claimed by one replica."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import Standing
from bot.model.samples import Sample
from bot.storage.database import Database
from bot.storage.samples import SqlSamples, SqlWatching
from tests.databases import NOON
from tests.storage.test_migrations import check

PASSED, FAILED = Standing.PASSED, Standing.FAILED
TAKEN = Sample("lab-in", NOON, FAILED, 12, "nak", {"queued": "3"})
HOUR = timedelta(hours=1)


async def test_the_tables_are_the_declared_ones(database: Database) -> None:
    assert database.read_now(check) == "No new upgrade operations detected.\n"


async def test_samples_are_kept_whole_and_read_by_spans(database: Database) -> None:
    samples = SqlSamples(database)
    later = replace(TAKEN, at=NOON + HOUR, standing=PASSED, why="", figures={})
    for one in (later, TAKEN, replace(TAKEN, milliseconds=99), replace(TAKEN, endpoint="other")):
        await samples.keep(one)
    both = [(NOON - HOUR, NOON + HOUR), (NOON + HOUR, NOON + HOUR * 2)]
    assert await samples.between("lab-in", both) == [TAKEN, later]
    assert await samples.between("lab-in", both, limit=1) == [later]
    assert await samples.between("lab-in", both[:1]) == [TAKEN]


async def test_what_is_old_is_forgotten(database: Database) -> None:
    samples = SqlSamples(database)
    await samples.keep(TAKEN)
    await samples.keep(replace(TAKEN, at=NOON + HOUR))
    assert await samples.forget(NOON + HOUR) == 1
    assert len(await samples.between("lab-in", [(NOON, NOON + HOUR * 2)])) == 1


async def test_an_endpoint_is_claimed_once_in_its_time(database: Database) -> None:
    watching = SqlWatching(database)
    first = await watching.claim("lab-in", NOON, NOON - HOUR)
    assert first is not None
    assert (first.standing, first.times) == (PASSED, 0)
    assert await watching.claim("lab-in", NOON, NOON - HOUR) is None
    later = NOON + HOUR
    second = await watching.claim("lab-in", later, NOON)
    assert second == replace(first, asked=later)
    assert await watching.put(replace(first, standing=FAILED)) is False
    assert await watching.put(replace(second, standing=FAILED, why="nak")) is True


async def test_a_turn_is_told_once(database: Database) -> None:
    watching = SqlWatching(database)
    stood = await watching.claim("lab-in", NOON, NOON - HOUR)
    assert stood is not None
    assert await watching.untold() == []
    await watching.put(replace(stood, standing=FAILED))
    assert [one.endpoint for one in await watching.untold()] == ["lab-in"]
    tell = watching.tell("lab-in", PASSED, FAILED)
    database.write_now(tell)
    assert await watching.untold() == []
    with pytest.raises(Conflict):
        database.write_now(tell)
