"""Signings: a newer link ends the older one, each step is taken once, the time of day is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.model import Signing, SigningStage
from bot.storage.database import Database
from bot.storage.signings import SIGNINGS, SqlSignings
from tests.databases import NOON

ASKED = NOON + timedelta(microseconds=1)
SIGNING = Signing(
    link="l" * 64,
    person="officer",
    name="Olga Officer",
    meaning="approved as clinical safety officer: Deploy pacs 1.4.2 to production",
    request="REQ-1",
    digest="d" * 64,
    asked=ASKED,
    expires=ASKED + timedelta(minutes=5),
    correlation="c",
)
FORGET = NOON - timedelta(days=1)


@pytest.fixture
def signings(database: Database) -> SqlSignings:
    return SqlSignings(database)


async def test_a_signing_is_read_back_as_it_was(database: Database, signings: SqlSignings) -> None:
    await database.write(signings.offer(SIGNING, forget=FORGET))
    assert await signings.by_link(SIGNING.link) == SIGNING
    assert await signings.by_link("m" * 64) is None
    assert await signings.by_browser("") is None
    assert await signings.proved("officer", "REQ-1") is None


async def test_a_newer_link_ends_the_older_one_of_the_same_person_and_request(
    database: Database, signings: SqlSignings
) -> None:
    newer = replace(SIGNING, link="n" * 64)
    others = (
        replace(SIGNING, link="o" * 64, person="commander"),
        replace(SIGNING, link="p" * 64, request="REQ-2"),
    )
    for each in (SIGNING, *others, newer):
        await database.write(signings.offer(each, forget=FORGET))
    assert await signings.by_link(SIGNING.link) is None
    for each in (*others, newer):
        assert await signings.by_link(each.link) == each


async def test_each_step_is_taken_once_of_two_at_the_same_time(
    database: Database, signings: SqlSignings
) -> None:
    await database.write(signings.offer(SIGNING, forget=FORGET))
    steps = [
        signings.move(SIGNING, replace(SIGNING, stage=SigningStage.SENT, browser=name * 64))
        for name in "ab"
    ]
    moved = await asyncio.gather(*map(database.write, steps))
    assert sorted(moved) == [False, True]
    found = await signings.by_link(SIGNING.link)
    assert found is not None
    assert found.browser == ("a" if moved[0] else "b") * 64
    assert await signings.by_browser(found.browser) == found


async def test_what_was_proved_is_found_with_when_they_signed_in(
    database: Database, signings: SqlSignings
) -> None:
    await database.write(signings.offer(SIGNING, forget=FORGET))
    proved = replace(
        SIGNING, stage=SigningStage.PROVED, subject="sub-1", signed_in=NOON, browser="b" * 64
    )
    assert await database.write(signings.move(SIGNING, proved)) is True
    assert await signings.proved("officer", "REQ-1") == proved
    assert await signings.proved("commander", "REQ-1") is None


async def test_what_is_old_is_forgotten_with_the_next_link(
    database: Database, signings: SqlSignings
) -> None:
    await database.write(signings.offer(SIGNING, forget=FORGET))
    later = replace(SIGNING, link="n" * 64, request="REQ-2", asked=ASKED + timedelta(days=2))
    await database.write(signings.offer(later, forget=SIGNING.expires + timedelta(seconds=1)))
    rows = await database.read(lambda tx: tx.execute(select(SIGNINGS.c.link)).all())
    assert [row.link for row in rows] == [later.link]
