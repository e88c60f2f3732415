"""A shard is compared with the log: what is missing from it, or too much, is found and mended."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.audit.index.check import Checked, Stopped, check
from bot.audit.index.folder import Index
from bot.audit.index.worker import Indexer
from bot.audit.log import AuditLog
from bot.audit.search import AuditSearch
from bot.model import AuditQuery
from bot.storage.database import Database
from tests.audit.conftest import in_a_file
from tests.audit.events import draft, fill
from tests.audit.index.conftest import SHARD
from tests.audit.test_search import found

NEEDLE = AuditQuery(words=("needle",))


def looked(database: Database, index: Index, number: int = 0) -> Checked | None:
    return check(database, index, number, is_stopped=lambda: False)


@pytest.fixture
async def built(log: AuditLog, build: Callable[[], int], index: Index) -> Path:
    """Two shards, the second of which is not full; the needle is event 7."""
    texts = ("needle" if n == 7 else f"hay {n}" for n in range(1, SHARD + 20))
    await fill(log, *(draft(text=text) for text in texts))
    build()
    return index.paths()[0]


@in_a_file
async def test_a_shard_that_says_what_the_log_says_is_kept(
    built: Path, database: Database, index: Index
) -> None:
    assert looked(database, index) == Checked(0, 1, SHARD, 0)
    assert looked(database, index, 1) == Checked(1, SHARD + 1, SHARD + 19, 0)
    assert looked(database, index, 2) is None
    assert index.paths()[0] == built
    assert not list(index.folder.glob("check-*"))


@in_a_file
@pytest.mark.parametrize(
    "damage",
    [
        "INSERT INTO token (token, rowid, text) VALUES ('delete', 7, 'needle')",
        "INSERT INTO token (rowid, text) VALUES (9, 'needle')",
        # The same word in another event: as many as there should be.
        """INSERT INTO token (token, rowid, text) VALUES ('delete', 7, 'needle');
           INSERT INTO token (rowid, text) VALUES (8, 'needle')""",
    ],
)
async def test_one_posting_too_few_or_too_many_is_noticed_and_the_shard_made_again(
    damage: str,
    built: Path,
    database: Database,
    index: Index,
    build: Callable[[], int],
) -> None:
    with contextlib.closing(sqlite3.connect(built)) as connection:
        connection.executescript(damage)
    checked = looked(database, index)
    assert checked is not None
    assert checked.differing == 1
    assert "it is made again" in checked.said
    build()
    assert index.paths()[0] != built
    assert looked(database, index) == Checked(0, 1, SHARD, 0)
    assert await found(AuditSearch(database, index=index), NEEDLE) == [7]


@in_a_file
async def test_a_shard_that_cannot_be_read_is_made_again(
    built: Path, database: Database, index: Index, build: Callable[[], int]
) -> None:
    index.close()
    built.write_bytes(b"no database at all" * 1000)  # noqa: ASYNC240 - a test of one thing
    checked = looked(database, index)
    assert checked is not None
    assert checked.differing
    build()
    assert looked(database, index) == Checked(0, 1, SHARD, 0)


@in_a_file
async def test_a_shard_that_was_thrown_away_meanwhile_is_not_judged(
    built: Path, database: Database, index: Index
) -> None:
    def is_stopped() -> bool:
        index.forget(1)
        return False

    with pytest.raises(Stopped):
        check(database, index, 0, is_stopped=is_stopped)


@in_a_file
async def test_the_worker_compares_and_says_what_differed_until_it_no_longer_does(
    built: Path, database: Database, index: Index
) -> None:
    with contextlib.closing(sqlite3.connect(built)) as connection:
        connection.executescript("INSERT INTO token (rowid, text) VALUES (9, 'needle')")
    indexer = Indexer(database, index, look_every=0.01)
    assert await indexer.check() is None  # it does not have the folder
    indexer.start()
    while not indexer.differed:
        await indexer.check()
        await asyncio.sleep(0.01)
    assert "shard 0" in indexer.differed
    while indexer.differed:
        await indexer.check()
        await asyncio.sleep(0.01)
    assert looked(database, index) == Checked(0, 1, SHARD, 0)
    await indexer.close()


@in_a_file
async def test_what_is_in_no_shard_is_counted(
    built: Path, log: AuditLog, index: Index, build: Callable[[], int]
) -> None:
    assert index.missing(SHARD + 19) == 0
    await fill(log, draft(), draft())
    assert index.missing(SHARD + 21) == 2
    index.drop(built)
    assert index.missing(SHARD + 21) == SHARD + 2
    build()
    assert index.missing(SHARD + 21) == 0
    assert index.missing(0) == 0
