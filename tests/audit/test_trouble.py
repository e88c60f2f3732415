from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from bot.audit.entry import Entry, deliver
from bot.audit.log import AuditLog
from bot.errors import AuditUnavailable
from bot.model import Event
from bot.ports import Recorded, Transaction
from bot.storage.database import Database, driver, sql
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log, as_attacker, assert_whole, draft, make_notes, note, notes
from tests.postgres import Server

NOBODY = 65534


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """The superuser may write to what is read-only; somebody else may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def anybodys_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="wardroom-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def make_writable(folder: Path) -> None:
    """Mend the permissions of a database, with those that SQLite gave its companions."""
    for file in folder.iterdir():
        file.chmod(0o600)


def remove(*files: str) -> None:
    """Delete what is there of some files."""
    for file in files:
        Path(file).unlink(missing_ok=True)


# --- the file ----------------------------------------------------------------------------------


async def test_a_read_only_file_refuses_until_it_can_be_written_again(
    anybodys_folder: Path, clock: TurnedClock
) -> None:
    url = f"sqlite:///{anybodys_folder}/wardroom.db"
    with as_nobody():
        database = Database.open(url)
        database.upgrade()
        make_notes(database)
        database.close()
        (anybodys_folder / "wardroom.db").chmod(0o400)
        database = Database.open(url)
        async with a_log(database, clock) as log:
            with pytest.raises(AuditUnavailable, match="readonly"):
                await log.append(draft(), note("a"))
            assert "readonly" in log.trouble
            assert notes(database) == []
            make_writable(anybodys_folder)
            await log.append(draft(), note("b"))
            assert log.trouble == ""
        assert notes(database) == ["b"]
        assert len(assert_whole(database)) == 1
        database.close()


async def fill_up(log: AuditLog) -> int:
    """Append until the database has no room; return how many were recorded."""
    for count in range(1000):
        try:
            await log.append(draft(text="x" * 2000), note(f"{count:05}"))
        except AuditUnavailable as error:
            assert "full" in str(error)  # noqa: PT017 - how many went before is the answer
            return count
    raise AssertionError("there was room for everything")


async def test_a_full_database_refuses_and_goes_on_when_there_is_room(
    sqlite: Database, clock: TurnedClock
) -> None:
    make_notes(sqlite)
    limit = 60

    @event.listens_for(sqlite.engine, "connect")
    def _limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit}")

    sqlite.engine.dispose()
    async with a_log(sqlite, clock) as log:
        count = await fill_up(log)
        assert count > 0
        assert len(assert_whole(sqlite)) == len(notes(sqlite)) == count
        limit = 1000
        await log.append(draft(), note("more room"))
        assert len(assert_whole(sqlite)) == len(notes(sqlite)) == count + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


async def test_a_full_disk_refuses_and_goes_on_when_there_is_room(
    small_disk: Path, clock: TurnedClock
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(300_000))
    database = Database.open(f"sqlite:///{small_disk}/wardroom.db")
    database.upgrade()
    make_notes(database)
    async with a_log(database, clock) as log:
        count = await fill_up(log)
        ballast.unlink()
        await log.append(draft(), note("more room"))
    assert len(assert_whole(database)) == len(notes(database)) == count + 1
    database.close()


async def test_a_file_deleted_under_the_log_is_noticed_and_never_made_anew(
    sqlite: Database, clock: TurnedClock
) -> None:
    assert sqlite.file is not None
    async with a_log(sqlite, clock) as log:
        await log.append(draft())
        sqlite.file.unlink()
        for said in ("deleted or replaced", "unable to open"):
            with pytest.raises(AuditUnavailable, match=said):
                await log.append(draft())
        assert not sqlite.file.exists()


async def test_a_deleted_write_ahead_log_is_noticed(sqlite: Database, clock: TurnedClock) -> None:
    async with a_log(sqlite, clock) as log:
        await log.append(draft())
        remove(f"{sqlite.file}-wal")
        with pytest.raises(AuditUnavailable, match="deleted or replaced"):
            await log.append(draft())


async def test_an_older_copy_in_its_place_is_not_continued(
    sqlite: Database, clock: TurnedClock, tmp_path: Path
) -> None:
    assert sqlite.file is not None
    older, newer = tmp_path / "older.db", tmp_path / "newer.db"
    async with a_log(sqlite, clock) as log:
        await log.append(draft())
        with sqlite3.connect(sqlite.file) as source, sqlite3.connect(older) as copy:
            source.backup(copy)
        await log.append(draft())
        with sqlite3.connect(sqlite.file) as source, sqlite3.connect(newer) as copy:
            source.backup(copy)
        sqlite.file.unlink()
        with pytest.raises(AuditUnavailable, match="deleted or replaced"):
            await log.append(draft())
        remove(f"{sqlite.file}-wal", f"{sqlite.file}-shm")
        older.rename(sqlite.file)
        with pytest.raises(AuditUnavailable, match="went back from 2 to 1 events"):
            await log.append(draft())
        newer.rename(sqlite.file)
        assert (await log.append(draft())).event.seq == 3


SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
static int broken(void) { return access(FLAG, F_OK) == 0; }
int fsync(int fd) {
  if (broken()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}
int fdatasync(int fd) {
  if (broken()) { errno = EIO; return -1; }
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""

FSYNC_STORY = """
import asyncio, pathlib, sys
from bot.audit.entry import Entry, deliver
from bot.audit.log import AuditLog
from bot.errors import AuditUnavailable
from bot.storage.database import Database, driver, sql
from tests.audit.conftest import TurnedClock
from tests.audit.events import draft

async def main(url, flag):
    database = Database.open(url)
    async with AuditLog(database, clock=TurnedClock(), software="1", replica="one") as log:
        await log.append(draft())
        flag.touch()
        for _ in range(2):
            try:
                await log.append(draft())
            except AuditUnavailable as error:
                print(error)
            flag.unlink(missing_ok=True)

asyncio.run(main(sys.argv[1], pathlib.Path(sys.argv[2])))
"""


def test_after_a_failed_fsync_the_log_stops_for_good(sqlite: Database, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler to make fsync fail")
    flag, source, shim = tmp_path / "flag", tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(f'#define FLAG "{flag}"\n{SHIM}')
    subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    told = subprocess.run(
        [sys.executable, "-c", FSYNC_STORY, f"sqlite:///{sqlite.file}", flag],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "LD_PRELOAD": str(shim)},
        cwd=Path(__file__).parents[2],
    )
    first, second = told.stdout.splitlines()
    assert first == second == "disk I/O error"


async def test_after_a_failed_fsync_nothing_is_tried_again(
    sqlite: Database, clock: TurnedClock
) -> None:
    async with a_log(sqlite, clock) as log:
        await log.append(draft())

        @event.listens_for(sqlite.engine, "commit", once=True)
        def _fail(_: Connection) -> None:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise error

        for _ in range(3):
            with pytest.raises(AuditUnavailable, match="disk I/O error"):
                await log.append(draft())
    assert len(assert_whole(sqlite)) == 1


# --- time --------------------------------------------------------------------------------------


async def test_an_entry_that_was_withdrawn_at_its_deadline_is_never_written(
    sqlite: Database, clock: TurnedClock
) -> None:
    make_notes(sqlite)
    async with a_log(sqlite, clock, deadline=0.2) as log:
        other = sqlite3.connect(str(sqlite.file), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        appends = [log.append(draft(text="late"), note(str(n))) for n in range(3)]
        results = await asyncio.gather(*appends, return_exceptions=True)
        assert [str(error) for error in results] == ["the audit log did not answer in time"] * 3
        other.execute("ROLLBACK")
        other.close()
        await eventually_appends(log, "after")
    assert [fields["text"] for fields in assert_whole(sqlite)] == ["after"]
    assert notes(sqlite) == []


async def eventually_appends(log: AuditLog, said: str) -> None:
    """Append once the log answers again; what it refused until then was never written."""
    while True:
        with contextlib.suppress(AuditUnavailable):
            await log.append(draft(text=said))
            return


async def test_a_cancelled_caller_withdraws_its_entry(sqlite: Database, clock: TurnedClock) -> None:
    async with a_log(sqlite, clock) as log:
        other = sqlite3.connect(str(sqlite.file), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(log.append(draft(text="cancelled")), 0.1)
        other.execute("ROLLBACK")
        other.close()
        await log.append(draft(text="after"))
    assert [fields["text"] for fields in assert_whole(sqlite)] == ["after"]


async def test_what_its_caller_stopped_waiting_for_is_undone(
    database: Database, clock: TurnedClock
) -> None:
    make_notes(database)
    told = threading.Event()

    def slow(_: Transaction) -> None:
        assert told.wait(30)

    async with a_log(database, clock, deadline=0.3) as log:
        with pytest.raises(AuditUnavailable, match="too slow"):
            await log.append(draft(text="late"), note("late"), slow)
        told.set()
        await eventually_appends(log, "after")
    assert [fields["text"] for fields in assert_whole(database)] == ["after"]
    assert notes(database) == []


async def test_what_would_be_too_late_is_not_begun(database: Database, clock: TurnedClock) -> None:
    begun = threading.Event()

    def slow(_: Transaction) -> None:
        begun.set()
        time.sleep(0.35)

    async with a_log(database, clock, deadline=0.4) as log:
        first = asyncio.ensure_future(log.append(draft(text="slow"), slow))
        await asyncio.to_thread(begun.wait)
        with pytest.raises(AuditUnavailable, match=r"too busy|in time"):
            await log.append(draft(text="late"))
        with contextlib.suppress(AuditUnavailable):
            await first
    assert "late" not in [fields["text"] for fields in assert_whole(database)]


def test_a_caller_that_has_its_answer_does_not_give_up() -> None:
    loop = asyncio.new_event_loop()
    entry = Entry(draft(), (), loop, loop.create_future(), take_by=0)
    recorded = Recorded(Event(1, datetime(2026, 11, 22, tzinfo=UTC), b"", b"", {}))
    entry.future.set_result(recorded)
    entry.give_up()
    assert entry.take()
    loop.close()
    deliver([(entry, AuditUnavailable("nobody waits in a loop that was closed"))])
    assert entry.future.result() is recorded


# --- the log itself ----------------------------------------------------------------------------


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
