"""Break-glass grants: numbered, ended once, and seen only ever later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import Reason
from bot.ports.control import Grant
from bot.storage.database import Database
from bot.storage.grants import SqlGrants
from tests.databases import NOON

UNTIL = NOON + timedelta(minutes=30)
GRANT = Grant("", "commander", "INC-3", "no results reach the wards", NOON, UNTIL, "lab-results")


@pytest.fixture
def grants(database: Database) -> SqlGrants:
    return SqlGrants(database)


async def test_grants_are_numbered_and_read_back_as_they_were(
    database: Database, grants: SqlGrants
) -> None:
    kept = await database.write(grants.open(GRANT))
    assert kept == replace(GRANT, id="BG-1", seen=NOON)
    assert await grants.show("BG-1") == kept
    assert list(await grants.list(open_only=True)) == [kept]
    assert await grants.show("BG-2") is None


async def test_a_grant_ends_once(database: Database, grants: SqlGrants) -> None:
    await database.write(grants.open(GRANT))
    ended = await database.write(grants.end("BG-1", by="commander", at=UNTIL))
    assert (ended.ended, ended.ended_by) == (UNTIL, "commander")
    with pytest.raises(Conflict, match="ended by commander") as again:
        await database.write(grants.end("BG-1", by="wardroom", at=UNTIL))
    assert again.value.reason is Reason.DUPLICATE
    with pytest.raises(Conflict) as missing:
        await database.write(grants.end("BG-7", by="wardroom", at=UNTIL))
    assert missing.value.reason is Reason.NOT_FOUND
    assert await grants.list(open_only=True) == []
    assert [grant.id for grant in await grants.list()] == ["BG-1"]


async def test_a_grant_is_never_seen_earlier_than_it_was(
    database: Database, grants: SqlGrants
) -> None:
    await database.write(grants.open(GRANT))
    for minutes in (10, 5):
        await grants.saw("BG-1", NOON + timedelta(minutes=minutes))
    shown = await grants.show("BG-1")
    assert shown is not None
    assert shown.seen == NOON + timedelta(minutes=10)
