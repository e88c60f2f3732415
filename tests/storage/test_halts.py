"""A halt: one at a time, and the one that is in force is what every reader sees."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import Reason
from bot.ports.control import Halt
from bot.storage.database import Database
from bot.storage.halts import SqlHalts
from tests.databases import NOON

HALT = Halt(NOON, ("engineer", "commander"), "somebody is in the network", request="REQ-1")


@pytest.fixture
def halts(database: Database) -> SqlHalts:
    return SqlHalts(database)


async def test_nothing_is_halted_at_first(halts: SqlHalts) -> None:
    assert await halts.current() is None


async def test_a_halt_is_seen_through_another_connection_at_once(
    database: Database, halts: SqlHalts, database_url: str
) -> None:
    kept = await database.write(halts.begin(HALT))
    other = Database.open(database_url)
    try:
        assert await SqlHalts(other).current() == kept
    finally:
        other.close()
    assert kept.id == "HALT-1"


async def test_of_many_who_halt_at_once_one_does(database: Database, halts: SqlHalts) -> None:
    def begin() -> str:
        try:
            return database.write_now(halts.begin(HALT)).id
        except Conflict as conflict:
            return conflict.reason.value

    found = await asyncio.gather(*(asyncio.to_thread(begin) for _ in range(6)))
    assert sorted(found) == sorted(["HALT-1", *["duplicate"] * 5])


async def test_a_halt_is_lifted_once_and_the_next_has_a_new_number(
    database: Database, halts: SqlHalts
) -> None:
    await database.write(halts.begin(HALT))
    at = NOON + timedelta(hours=1)
    lift = halts.lift("HALT-1", by=("commander", "security-officer"), why="it is clean", at=at)
    lifted = await database.write(lift)
    assert (lifted.lifted, lifted.lifted_why) == (at, "it is clean")
    assert await halts.current() is None
    with pytest.raises(Conflict) as again:
        await database.write(lift)
    assert again.value.reason is Reason.DUPLICATE
    assert (await database.write(halts.begin(HALT))).id == "HALT-2"
