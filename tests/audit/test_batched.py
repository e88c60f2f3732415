"""Effects that one statement applies for a whole batch leave what each would leave alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from bot.audit.log import AuditLog
from bot.errors import Conflict
from bot.model import Draft
from bot.ports import Recorded, Transaction
from bot.storage.database import Database
from bot.storage.deliveries import SqlDeliveries
from tests.audit.events import assert_whole, draft, make_notes, note, notes
from tests.databases import NOON


@pytest.fixture
def deliveries(database: Database) -> SqlDeliveries:
    return SqlDeliveries(database)


async def together(
    log: AuditLog, *appends: Coroutine[Any, Any, Recorded]
) -> list[Recorded | BaseException]:
    """Hold the writer up until everything waits, so that it is written in one batch."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(_tx: Transaction) -> None:
        begun.set()
        go_on.wait(10)

    first = asyncio.create_task(log.append(draft(verb="first"), hold))
    await asyncio.to_thread(begun.wait, 10)
    waiting = [asyncio.create_task(append) for append in appends]
    await asyncio.sleep(0)
    go_on.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


def outcomes(found: list[Recorded | BaseException]) -> list[str]:
    return [type(each).__name__ for each in found]


def failing(_results: tuple[object, ...]) -> Draft:
    raise ValueError("no such event")


async def test_of_two_claims_in_one_batch_the_first_counts(
    log: AuditLog, database: Database, deliveries: SqlDeliveries
) -> None:
    found = await together(
        log,
        log.append(draft(verb="one"), deliveries.claim("D1", NOON, "first")),
        log.append(draft(verb="two"), deliveries.claim("D1", NOON, "second")),
        log.append(draft(verb="three"), deliveries.claim("D2", NOON)),
    )
    assert outcomes(found) == ["Recorded", "Conflict", "Recorded"]
    assert [fields["verb"] for fields in assert_whole(database)] == ["first", "one", "three"]
    assert [await deliveries.seen(key) for key in ("D1", "D2")] == ["first", ""]


async def test_an_event_that_cannot_be_made_takes_its_own_claim_with_it(
    log: AuditLog, database: Database, deliveries: SqlDeliveries
) -> None:
    make_notes(database)
    await log.append(draft(), deliveries.claim("D0", NOON))
    found = await together(
        log,
        log.append(draft(verb="kept"), deliveries.claim("D1", NOON)),
        log.append(failing, deliveries.claim("D2", NOON)),
        log.append(draft(verb="noted"), note("a")),
        log.append(draft(verb="answered"), deliveries.answer("D0", "done")),
        log.append(draft(), deliveries.claim("D0", NOON)),
    )
    assert outcomes(found) == ["Recorded", "ValueError", "Recorded", "Recorded", "Conflict"]
    verbs = [fields["verb"] for fields in assert_whole(database)[2:]]
    assert verbs == ["kept", "noted", "answered"]
    assert [await deliveries.seen(key) for key in ("D0", "D1", "D2")] == ["done", "", None]
    assert notes(database) == ["a"]


async def test_a_claim_beside_another_effect_is_undone_with_it(
    log: AuditLog, database: Database, deliveries: SqlDeliveries
) -> None:
    make_notes(database)
    await log.append(draft(), deliveries.claim("D1", NOON))
    with pytest.raises(Conflict):
        await log.append(draft(), note("a"), deliveries.claim("D1", NOON))
    assert notes(database) == []
    assert len(assert_whole(database)) == 1
