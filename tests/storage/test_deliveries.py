"""A delivery counts once and is answered the same every time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import Reason
from bot.storage.database import Database
from bot.storage.deliveries import SqlDeliveries
from tests.databases import NOON


@pytest.fixture
def deliveries(database: Database) -> SqlDeliveries:
    return SqlDeliveries(database)


async def test_a_delivery_is_new_then_claimed_then_answered(
    database: Database, deliveries: SqlDeliveries
) -> None:
    assert await deliveries.seen("slack:E1") is None
    await database.write(deliveries.claim("slack:E1", NOON))
    assert await deliveries.seen("slack:E1") == ""
    await database.write(deliveries.answer("slack:E1", '{"text": "done"}'))
    assert await deliveries.seen("slack:E1") == '{"text": "done"}'
    assert await deliveries.seen("slack:E2") is None


async def test_the_first_answer_stays(database: Database, deliveries: SqlDeliveries) -> None:
    await database.write(deliveries.claim("slack:E1", NOON))
    for answer in ("first", "second"):
        await database.write(deliveries.answer("slack:E1", answer))
    assert await deliveries.seen("slack:E1") == "first"


async def test_an_answer_to_nothing_is_not_kept(
    database: Database, deliveries: SqlDeliveries
) -> None:
    await database.write(deliveries.answer("slack:E1", "too early"))
    assert await deliveries.seen("slack:E1") is None


async def test_of_five_deliveries_at_once_one_is_claimed(
    database: Database, deliveries: SqlDeliveries
) -> None:
    async def claim() -> Reason:
        try:
            await asyncio.to_thread(database.write_now, deliveries.claim("teams:A7", NOON))
        except Conflict as conflict:
            return conflict.reason
        return Reason.OK

    claims = await asyncio.gather(*(claim() for _ in range(5)))
    assert sorted(claims) == [Reason.DUPLICATE] * 4 + [Reason.OK]


async def test_old_claims_are_forgotten_and_newer_ones_kept(
    database: Database, deliveries: SqlDeliveries
) -> None:
    for n in range(4):
        await database.write(deliveries.claim(f"web:{n}", NOON + timedelta(hours=n)))
    assert await database.write(deliveries.forget(NOON + timedelta(hours=2))) == 2
    assert [await deliveries.seen(f"web:{n}") for n in range(4)] == [None, None, "", ""]
