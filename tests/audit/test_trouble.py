from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.audit.batch import Author
from bot.audit.spool.merging import Merger
from bot.audit.spool.spool import Spool, SpooledLog
from bot.errors import AuditUnavailable
from bot.ports import Transaction
from bot.storage.database import Database, driver, sql
from tests.audit.conftest import TurnedClock
from tests.audit.events import (
    a_log,
    as_attacker,
    assert_whole,
    draft,
    eventually_appends,
    make_notes,
    note,
    notes,
)
from tests.postgres import Server


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_head SET root = x'00'", "head is damaged"),
        ("UPDATE audit_head SET size = 1", "head is damaged"),
        ("UPDATE audit_head SET frontier = x'00'", "head is damaged"),
        ("DELETE FROM audit_head", "lost its head"),
        ("INSERT INTO audit (seq, body, leaf) VALUES (4, '{}', x'')", "append-only|UNIQUE"),
    ],
)
async def test_a_log_that_was_tampered_with_is_not_continued(
    sqlite: Database, clock: TurnedClock, statement: str, said: str
) -> None:
    async with a_log(sqlite, clock) as log:
        for _ in range(3):
            await log.append(draft())
        as_attacker(sqlite, text(statement))
        for _ in range(2):
            with pytest.raises(AuditUnavailable, match=said):
                await log.append(draft())
    with pytest.raises(AuditUnavailable, match="head"):
        a_log(sqlite, clock).start()


@pytest.mark.parametrize("statement", ["ROLLBACK", "UPDATE audit_head SET size = size + 1"])
async def test_an_effect_that_breaks_the_transaction_records_nothing(
    database: Database, clock: TurnedClock, statement: str
) -> None:
    make_notes(database)
    async with a_log(database, clock) as log:
        await log.append(draft())

        def breaking(tx: Transaction) -> None:
            driver(sql(tx)).execute(statement)

        with pytest.raises(AuditUnavailable):
            await log.append(draft(), note("a"), breaking)
        await log.append(draft(), note("b"))
    assert notes(database) == ["b"]
    assert len(assert_whole(database)) == 2


def test_a_database_without_a_log_does_not_start(tmp_path: Path, clock: TurnedClock) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(AuditUnavailable, match="cannot be read"):
        a_log(database, clock).start()
    database.close()


# --- PostgreSQL --------------------------------------------------------------------------------


def idle_writers(url: str) -> list[int]:
    """The server's processes whose last word was a log's commit."""
    database = Database.open(url)
    query = text(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND query = 'COMMIT'"
    )
    found = database.read_now(lambda c: c.execute(query).scalars().all())
    database.close()
    return list(found)


@pytest.mark.postgres
async def test_a_lost_connection_refuses_once_and_is_made_anew(
    postgres_url: str, clock: TurnedClock
) -> None:
    database = Database.open(postgres_url)
    async with a_log(database, clock) as log:
        await log.append(draft())
        (pid,) = idle_writers(postgres_url)
        database.write_now(lambda c: c.execute(text(f"SELECT pg_terminate_backend({pid})")))
        with pytest.raises(AuditUnavailable):
            await log.append(draft())
        await log.append(draft())
    assert len(assert_whole(database)) == 2
    database.close()


@pytest.mark.postgres
async def test_a_server_that_hangs_refuses_at_the_deadline_and_writes_nothing_later(
    postgres_url: str, postgres_server: Server, clock: TurnedClock
) -> None:
    if postgres_server.pid is None:
        pytest.skip("needs a server whose processes can be stopped")
    database = Database.open(postgres_url)
    async with a_log(database, clock, deadline=0.5) as log:
        await eventually_appends(log, "before")
        (pid,) = idle_writers(postgres_url)
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(2):
                with pytest.raises(AuditUnavailable):
                    await log.append(draft(text="late"))
        finally:
            os.kill(pid, signal.SIGCONT)
        await eventually_appends(log, "after")
    assert [fields["text"] for fields in assert_whole(database)] == ["before", "after"]
    database.close()


@pytest.mark.postgres
async def test_while_a_server_hangs_a_reading_is_spooled_and_merged_once_it_answers(
    postgres_url: str, postgres_server: Server, clock: TurnedClock, tmp_path: Path
) -> None:
    if postgres_server.pid is None:
        pytest.skip("needs a server whose processes can be stopped")
    database = Database.open(postgres_url)
    spool = Spool(tmp_path / "spool", Author(clock, "1.0", "one"), within=0.5)
    async with a_log(database, clock, deadline=1) as log:
        await eventually_appends(log, "before")
        records = SpooledLog(log, spool)
        merger = Merger(records)
        (pid,) = idle_writers(postgres_url)
        os.kill(pid, signal.SIGSTOP)
        try:
            assert not await records.record(draft(text="read meanwhile"))
            await merger.look()
            assert merger.trouble == "1 record waits until the log can be written"
        finally:
            os.kill(pid, signal.SIGCONT)
        while merger.trouble:
            await merger.look()
        await merger.close()
    late = [each["text"] for each in assert_whole(database) if "late" in each]
    assert late == ["read meanwhile"]
    database.close()


@pytest.mark.postgres
async def test_a_replica_that_hangs_with_the_lock_does_not_stop_the_others_for_ever(
    postgres_url: str, clock: TurnedClock
) -> None:
    database, hung = Database.open(postgres_url), Database.open(postgres_url)
    async with a_log(database, clock, deadline=0.5) as log:
        with hung.engine.connect() as connection:
            connection.execute(text("SELECT * FROM audit_head FOR UPDATE"))
            with pytest.raises(AuditUnavailable):
                await log.append(draft())
        await eventually_appends(log, "after")
    assert len(assert_whole(database)) == 1
    database.close()
    hung.close()
