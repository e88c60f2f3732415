"""One row for each environment: a person's lock, a deploy, or a person's own deploy."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import DeployState, Lock, Reason
from bot.ports import Effect
from bot.storage.database import Database
from bot.storage.deploys import SqlDeploys
from bot.storage.locks import SqlLocks
from bot.stores.locks import LEASE
from tests.databases import NOON
from tests.storage.test_deploys import BEGUN

LATER = NOON + timedelta(hours=2)
MINE = Lock("lab-results", "production", "engineer", "late results", NOON, LATER)
THEIRS = replace(MINE, person="engineer-2")


@pytest.fixture
def locks(database: Database) -> SqlLocks:
    return SqlLocks(database)


@pytest.fixture
def deploys(database: Database) -> SqlDeploys:
    return SqlDeploys(database)


async def refused(database: Database, effect: Effect[object]) -> str:
    with pytest.raises(Conflict) as conflict:
        await database.write(effect)
    assert conflict.value.reason is Reason.LOCKED
    return conflict.value.text


async def test_a_lock_reads_back_as_it_was_and_is_gone_once_released(
    database: Database, locks: SqlLocks
) -> None:
    await database.write(locks.take(MINE))
    assert await locks.held("lab-results", "production") == MINE
    assert await locks.list() == [MINE]
    assert await locks.list(service="portal") == []
    await database.write(locks.release(MINE))
    assert await locks.held("lab-results", "production") is None
    with pytest.raises(Conflict) as gone:
        await database.write(locks.release(MINE))
    assert gone.value.reason is Reason.NOT_FOUND


async def test_of_many_people_who_take_it_at_once_one_gets_it(
    database: Database, locks: SqlLocks
) -> None:
    async def attempt(n: int) -> str:
        try:
            taken = await asyncio.to_thread(
                database.write_now, locks.take(replace(MINE, person=f"person-{n}"))
            )
        except Conflict as conflict:
            return conflict.reason
        return taken.person

    got = await asyncio.gather(*(attempt(n) for n in range(8)))
    assert got.count(Reason.LOCKED) == 7
    held = await locks.held("lab-results", "production")
    assert held is not None
    assert held.person in got


async def test_the_owner_holds_it_on_and_what_was_read_before_ends_nothing(
    database: Database, locks: SqlLocks
) -> None:
    await database.write(locks.take(MINE))
    longer = replace(MINE, until=LATER + timedelta(hours=1))
    await database.write(locks.take(longer))
    with pytest.raises(Conflict, match="not there any more"):
        await database.write(locks.release(MINE))
    assert await locks.held("lab-results", "production") == longer


async def test_somebody_else_is_refused_until_it_has_expired(
    database: Database, locks: SqlLocks
) -> None:
    await database.write(locks.take(MINE))
    said = await refused(database, locks.take(THEIRS))
    assert said.startswith("engineer has locked production of lab-results until 2026-11-22 14:00")
    assert await locks.expired(LATER - timedelta(seconds=1)) == []
    assert await locks.expired(LATER) == [MINE]
    next_one = replace(THEIRS, since=LATER, until=LATER + timedelta(hours=2))
    await database.write(locks.take(next_one))
    assert await locks.expired(LATER) == []


async def test_a_deploy_of_the_owner_runs_under_the_lock_and_leaves_it(
    database: Database, locks: SqlLocks, deploys: SqlDeploys
) -> None:
    await database.write(locks.take(MINE))
    other = replace(BEGUN, requester="engineer-2")
    assert "engineer has locked" in await refused(database, deploys.open(other))
    opened = await database.write(deploys.open(BEGUN))
    assert opened.under_lock == "engineer's, until 2026-11-22 14:00 UTC"
    assert await locks.held("lab-results", "production") == replace(
        MINE, deploy="DEP-1", lease=NOON + LEASE
    )
    assert "one deploy at a time" in await refused(
        database, deploys.open(replace(BEGUN, request="REQ-2"))
    )
    await database.write(deploys.end("DEP-1", DeployState.SUCCEEDED, outcome="", at=LATER))
    assert await locks.held("lab-results", "production") == MINE


async def test_a_lock_that_ends_under_a_deploy_leaves_the_deploy(
    database: Database, locks: SqlLocks, deploys: SqlDeploys
) -> None:
    await database.write(locks.take(MINE))
    await database.write(deploys.open(BEGUN))
    await database.write(locks.release(MINE))
    held = await locks.held("lab-results", "production")
    assert held is not None
    assert (held.person, held.deploy) == ("", "DEP-1")
    assert "DEP-1" in await refused(database, locks.take(THEIRS))


async def test_an_expired_lock_stops_no_deploy_and_is_still_there_to_be_ended(
    database: Database, locks: SqlLocks, deploys: SqlDeploys
) -> None:
    await database.write(locks.take(THEIRS))
    opened = await database.write(deploys.open(replace(BEGUN, created=LATER)))
    assert opened.under_lock == ""
    (expired,) = await locks.expired(LATER)
    assert expired.person == "engineer-2"
    await database.write(locks.release(expired))
    assert await locks.expired(LATER) == []


async def test_a_lease_lapses_unless_it_is_renewed(
    database: Database, locks: SqlLocks, deploys: SqlDeploys
) -> None:
    await database.write(deploys.open(BEGUN))
    assert await locks.lapsed(NOON + LEASE - timedelta(seconds=1)) == []
    assert await locks.lapsed(NOON + LEASE) == ["DEP-1"]
    await locks.renew(["DEP-1", "DEP-9", "nonsense"], LATER)
    assert await locks.lapsed(NOON + LEASE) == []
    await locks.renew([], LATER)
    await database.write(deploys.end("DEP-1", DeployState.UNKNOWN, outcome="", at=LATER))
    assert await locks.lapsed(LATER + LEASE) == [], "a human settles what is unknown"


async def test_only_a_deploy_that_is_under_way_holds_what_it_needs_to_act(
    database: Database, deploys: SqlDeploys
) -> None:
    await refused(database, deploys.holding("DEP-1"))
    await database.write(deploys.open(BEGUN))
    await database.write(deploys.holding("DEP-1"))
    await database.write(deploys.end("DEP-1", DeployState.UNKNOWN, outcome="", at=LATER))
    await refused(database, deploys.holding("DEP-1"))


def test_a_persons_lock_has_a_person_and_an_end(locks: SqlLocks) -> None:
    for wrong in (replace(MINE, person=""), replace(MINE, until=None), replace(MINE, deploy="x")):
        with pytest.raises(ValueError, match="a person's lock"):
            locks.take(wrong)
