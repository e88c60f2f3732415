"""Links: an account is one person's, a code is found by its hash alone, tries are per account."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Account
from bot.storage.database import Database
from bot.storage.links import SqlLinks
from bot.stores import Link, LinkCode
from tests.databases import NOON

TEAMS = Account("teams", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "6ba7b810")
SLACK = Account("slack", "U0001", "T0001")
LINK = Link(TEAMS, "engineer", NOON, "engineer")
CODE = LinkCode("a" * 64, "engineer", SLACK, NOON + timedelta(minutes=10))
LONG_AGO = NOON - timedelta(days=1)


@pytest.fixture
def links(database: Database) -> SqlLinks:
    return SqlLinks(database)


async def test_an_account_is_linked_to_one_person_only(database: Database, links: SqlLinks) -> None:
    assert await database.write(links.add(LINK))
    assert not await database.write(links.add(replace(LINK, person="engineer-2")))
    other = Link(replace(TEAMS, tenant="other"), "engineer-2", NOON, "engineer-2")
    assert await database.write(links.add(other))
    assert list(await links.list()) == [LINK, other]


async def test_a_link_ends_once(database: Database, links: SqlLinks) -> None:
    await database.write(links.add(LINK))
    assert await database.write(links.remove(TEAMS))
    assert not await database.write(links.remove(TEAMS))
    assert await links.list() == []


async def test_a_code_is_found_by_its_hash_until_it_is_replaced(
    database: Database, links: SqlLinks
) -> None:
    await database.write(links.offer(CODE, forget=LONG_AGO))
    assert await database.write(links.find(CODE.hash)) == CODE
    assert await database.write(links.find("b" * 64)) is None
    await database.write(links.use(CODE.hash))
    assert await database.write(links.find(CODE.hash)) == replace(CODE, is_used=True)
    newer = replace(CODE, hash="c" * 64)
    await database.write(links.offer(newer, forget=LONG_AGO))
    assert await database.write(links.find(CODE.hash)) is None
    assert await database.write(links.find(newer.hash)) == newer


async def test_old_codes_of_others_are_forgotten_and_newer_ones_kept(
    database: Database, links: SqlLinks
) -> None:
    old = LinkCode("b" * 64, "engineer-2", SLACK, LONG_AGO - timedelta(seconds=1))
    kept = LinkCode("c" * 64, "engineer-3", SLACK, LONG_AGO)
    for code in (old, kept, CODE):
        await database.write(links.offer(code, forget=LONG_AGO - timedelta(days=9)))
    await database.write(links.offer(CODE, forget=LONG_AGO))
    assert await database.write(links.find(old.hash)) is None
    assert await database.write(links.find(kept.hash)) == kept


async def test_the_codes_that_an_account_made_end_with_its_link(
    database: Database, links: SqlLinks
) -> None:
    mine = replace(CODE, hash="b" * 64, person="engineer-2", maker=TEAMS)
    for code in (CODE, mine):
        await database.write(links.offer(code, forget=LONG_AGO))
    await database.write(links.remove(TEAMS))
    assert await database.write(links.find(mine.hash)) is None
    assert await database.write(links.find(CODE.hash)) == CODE


async def test_wrong_tries_are_counted_by_account_and_forgotten_in_time(
    database: Database, links: SqlLinks
) -> None:
    later = NOON + timedelta(minutes=1)
    for account, at in ((TEAMS, NOON), (TEAMS, NOON), (TEAMS, later), (SLACK, later)):
        await database.write(links.add_try(account, at))
    before = NOON - timedelta(seconds=1)
    assert await database.write(links.tries(TEAMS, before)) == [NOON, NOON, later]
    assert await database.write(links.tries(SLACK, before)) == [later]
    assert await database.write(links.tries(TEAMS, NOON)) == [later]
    await database.write(links.add_try(TEAMS, later))
    assert await database.write(links.tries(TEAMS, before)) == [later, later]
