from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from bot.audit.ballast import Ballast
from bot.audit.batch import Author
from bot.audit.log import AuditLog
from bot.audit.spool.spool import Spool
from bot.errors import AuditUnavailable
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import (
    a_log,
    assert_whole,
    draft,
    make_notes,
    note,
    notes,
)
from tests.house import until

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


async def test_a_read_only_folder_refuses_log_and_spool_until_it_can_be_written_again(
    anybodys_folder: Path, clock: TurnedClock
) -> None:
    url = f"sqlite:///{anybodys_folder}/wardroom.db"
    with as_nobody():
        database = Database.open(url)
        database.upgrade()
        database.close()
        os.chmod(anybodys_folder, 0o500)  # noqa: PTH101 - a call of pathlib's may not stand here
        database = Database.open(url)
        spool = Spool(anybodys_folder / "spool", Author(clock, "1.0", "one"), within=30)
        with pytest.raises(AuditUnavailable, match="cannot be read"):
            a_log(database, clock).start()
        with pytest.raises(AuditUnavailable, match=r"spool in .* cannot be written: Permission"):
            await spool.keep(draft())
        os.chmod(anybodys_folder, 0o700)  # noqa: PTH101 - as above
        await spool.keep(draft())
        async with a_log(database, clock) as log:
            await log.append(draft())
        assert len(assert_whole(database)) == 1
        spool.close()
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


async def test_a_full_disk_is_recorded_in_the_ballast_and_the_log_goes_on_by_itself(
    small_disk: Path, clock: TurnedClock
) -> None:
    filling = small_disk / "filling"
    filling.write_bytes(bytes(300_000))
    database = Database.open(f"sqlite:///{small_disk}/wardroom.db")
    database.upgrade()
    make_notes(database)
    ballast = Ballast(small_disk / "ballast", 120_000)
    async with a_log(database, clock, ballast=ballast) as log:
        count = await fill_up(log)
        with pytest.raises(AuditUnavailable, match="make room for 0 MB"):
            await log.append(draft(), note("none of this"))
        assert not ballast.file.exists()
        assert [each["verb"] for each in assert_whole(database)][count:] == ["audit_halted"]
        filling.unlink()
        await until(lambda: not log.trouble)  # nobody has to ask for anything
        assert ballast.file.stat().st_size == ballast.size
        await log.append(draft(), note("more room"))
    verbs = [each["verb"] for each in assert_whole(database)][count:]
    assert verbs == ["audit_halted", "audit_resumed", "deploy"]
    assert len(notes(database)) == count + 1
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
from tests.signing import KnownKeys

async def main(url, flag):
    database = Database.open(url)
    keys = KnownKeys()
    who = {"software": "1", "replica": "one", "keys": keys}
    async with AuditLog(database, clock=TurnedClock(), **who) as log:
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

        # More than one batch: what waits behind the one that failed is not tried either.
        tries = [log.append(draft()) for _ in range(600)]
        refused = await asyncio.gather(*tries, return_exceptions=True)
        assert {str(error) for error in refused} == {"disk I/O error"}
        with pytest.raises(AuditUnavailable, match="disk I/O error"):
            await log.append(draft())
    assert len(assert_whole(sqlite)) == 1
