"""The worker of the process: it keeps up, alone in its folder, and says what is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable

import pytest

from bot.audit.index import worker
from bot.audit.index.folder import Index
from bot.audit.index.worker import Indexer
from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.model import AuditQuery
from bot.storage.database import Database
from tests.audit.conftest import in_a_file
from tests.audit.events import draft, fill
from tests.audit.index.conftest import SHARD
from tests.audit.index.test_builder import claims
from tests.audit.test_search import found

OFTEN = 0.01


@pytest.fixture
async def indexer(database: Database, index: Index) -> AsyncIterator[Indexer]:
    indexer = Indexer(database, index, look_every=OFTEN)
    indexer.start()
    yield indexer
    await indexer.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; the run's own limit ends a test where it never does."""
    while not holds():  # noqa: ASYNC110 - the work of a thread has no event
        await asyncio.sleep(OFTEN)


def is_indexed(index: Index, seq: int) -> bool:
    with contextlib.suppress(sqlite3.OperationalError):  # it was thrown away meanwhile
        return any(claim.high >= seq for claim in claims(index).values())
    return False


async def test_it_keeps_up_with_a_log_that_grows(
    log: AuditLog, index: Index, indexer: Indexer, indexed: AuditSearch
) -> None:
    for part in range(1, 4):
        await fill(log, *(draft(text="needle") for _ in range(SHARD)))
        await until(lambda: is_indexed(index, part * SHARD))  # noqa: B023 - waited for here
        wanted = list(range(part * SHARD, 0, -1))
        assert await found(indexed, AuditQuery(words=("needle",))) == wanted
    assert indexer.trouble == ""


@in_a_file
async def test_it_makes_again_what_was_deleted_under_it(
    log: AuditLog, index: Index, indexer: Indexer
) -> None:
    await fill(log, *(draft() for _ in range(SHARD)))
    await until(lambda: is_indexed(index, SHARD))
    before = index.paths()
    index.forget(1)
    await until(lambda: is_indexed(index, SHARD))
    assert index.paths().keys() == before.keys()
    assert index.paths() != before
    shutil.rmtree(index.folder)
    await until(lambda: index.folder.exists() and is_indexed(index, SHARD))


@in_a_file
async def test_of_two_with_one_folder_one_builds_until_it_ends(
    log: AuditLog, database: Database, index: Index
) -> None:
    await fill(log, *(draft() for _ in range(SHARD)))
    first, second = (Indexer(database, index, look_every=OFTEN) for _ in range(2))
    with worker.alone(index) as is_alone:
        assert is_alone
        first.start()
        second.start()
        await asyncio.sleep(OFTEN * 5)
        assert index.paths() == {}
    await until(lambda: is_indexed(index, SHARD))
    assert len(index.paths()) == 1
    await first.close()
    index.forget(1)
    await until(lambda: is_indexed(index, SHARD))
    await second.close()


@in_a_file
async def test_trouble_is_said_and_searching_goes_on(
    log: AuditLog, index: Index, indexed: AuditSearch, database: Database
) -> None:
    index.folder.write_text("no folder")
    indexer = Indexer(database, index, look_every=OFTEN)
    indexer.start()
    await fill(log, *(draft(text="needle") for _ in range(SHARD)))
    await until(lambda: indexer.trouble == "FileExistsError")
    assert await found(indexed, AuditQuery(words=("needle",))) == list(range(SHARD, 0, -1))
    await indexer.close()
