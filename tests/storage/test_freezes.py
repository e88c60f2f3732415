"""Freezes from chat have one of each name in force, and a feed has one copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import Reason
from bot.storage.database import Database
from bot.storage.freezes import SqlFeedCopies, SqlFreezes
from bot.stores import AddedFreeze, FeedCopy
from tests.databases import NOON

MOVE = AddedFreeze(
    name="ward move",
    person="release-manager",
    reason="wards 3 and 4 move",
    start=NOON,
    end=NOON + timedelta(hours=4),
    added=NOON,
    services=("lab-results", "portal"),
    environments=("production",),
    tags=("core",),
)
LATER = NOON + timedelta(hours=1)


async def test_a_freeze_reads_back_as_it_was_until_it_has_ended(database: Database) -> None:
    freezes = SqlFreezes(database)
    await database.write(freezes.add(MOVE))

    assert await freezes.list(NOON) == [MOVE]
    assert await freezes.list(MOVE.end) == []


async def test_a_name_is_in_force_once_and_free_again_afterwards(database: Database) -> None:
    freezes = SqlFreezes(database)
    await database.write(freezes.add(MOVE))
    with pytest.raises(Conflict) as twice:
        await database.write(freezes.add(replace(MOVE, added=LATER)))
    assert twice.value.reason is Reason.DUPLICATE
    again = replace(MOVE, added=MOVE.end, start=MOVE.end, end=MOVE.end + timedelta(hours=1))
    await database.write(freezes.add(again))

    assert await freezes.list(MOVE.end) == [again]


async def test_a_freeze_is_lifted_once(database: Database) -> None:
    freezes = SqlFreezes(database)
    await database.write(freezes.add(MOVE))
    lifted = await database.write(freezes.lift("ward move", "commander", "they moved", LATER))

    assert lifted == replace(MOVE, lifted=LATER, lifted_by="commander", lifted_why="they moved")
    assert await freezes.list(NOON) == []
    with pytest.raises(Conflict) as gone:
        await database.write(freezes.lift("ward move", "commander", "again", LATER))
    assert gone.value.reason is Reason.NOT_FOUND


async def test_a_feed_has_its_newest_copy_and_when_it_was_read(database: Database) -> None:
    copies = SqlFeedCopies(database)
    await database.write(copies.put(FeedCopy("days", "one", NOON)))
    await database.write(copies.put(FeedCopy("days", "two", LATER)))
    await copies.confirm("days", LATER + timedelta(hours=1))

    assert await copies.list() == [FeedCopy("days", "two", LATER + timedelta(hours=1))]
