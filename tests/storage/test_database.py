from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.errors import ConfigurationError, StoreFailed
from bot.storage.database import Database, driver, sql

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/a/w.db" if sqlite else request.getfixturevalue("postgres_url")
    database = Database.open(url)
    database.upgrade()
    database.write_now(lambda c: c.execute(text("CREATE TABLE counter (n INTEGER)")))
    database.write_now(lambda c: c.execute(text("INSERT INTO counter VALUES (0)")))
    yield database
    database.close()


def counted(connection: Connection) -> int:
    return int(connection.execute(text("SELECT n FROM counter")).scalar_one())


def increment(connection: Connection) -> None:
    n = connection.execute(text("SELECT n FROM counter FOR UPDATE")).scalar_one()
    connection.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})


def sqlite_increment(connection: Connection) -> None:
    n = connection.execute(text("SELECT n FROM counter")).scalar_one()
    connection.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})


async def test_a_hundred_concurrent_increments_end_at_a_hundred(database: Database) -> None:
    step = sqlite_increment if database.is_sqlite else increment
    await asyncio.gather(
        *(database.write(step) for _ in range(50)),
        *(asyncio.to_thread(database.write_now, step) for _ in range(50)),
    )
    assert await database.read(counted) == 100


async def test_a_failed_write_leaves_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        increment(connection) if not database.is_sqlite else sqlite_increment(connection)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await database.write(fail)
    assert await database.read(counted) == 0


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StoreFailed):
        await database.read(lambda c: c.execute(text("UPDATE counter SET n = 5")))
    assert await database.read(counted) == 0


async def test_a_reading_transaction_sees_one_snapshot(database: Database) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        first = counted(connection)
        database.write_now(lambda c: c.execute(text("UPDATE counter SET n = n + 1")))
        return first, counted(connection)

    assert await database.read(twice) == (0, 0)
    assert await database.read(counted) == 1


async def test_a_statement_straight_to_the_driver_sees_the_same_snapshot(
    database: Database,
) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        (first,) = driver(connection).execute("SELECT n FROM counter").fetchone()
        database.write_now(lambda c: c.execute(text("UPDATE counter SET n = n + 1")))
        return first, counted(connection)

    assert await database.read(twice) == (0, 0)


async def test_reads_run_beside_a_writer(database: Database) -> None:
    def write(connection: Connection) -> int:
        connection.execute(text("UPDATE counter SET n = 7"))
        return database.read_now(counted)

    assert await database.write(write) == 0


async def test_an_error_does_not_carry_what_was_being_stored(database: Database) -> None:
    with pytest.raises(StoreFailed) as caught:
        await database.write(
            lambda c: c.execute(text("INSERT INTO nowhere VALUES (:v)"), {"v": "canary-4711"})
        )
    assert isinstance(caught.value.__cause__, DBAPIError)
    assert "canary-4711" not in f"{caught.value} {caught.value.__cause__}"


async def test_an_error_of_the_driver_itself_is_the_stores_too(database: Database) -> None:
    with pytest.raises(StoreFailed, match="wardroom doctor"):
        await database.read(lambda c: driver(c).execute("SELECT 1 FROM nowhere"))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    database.upgrade()
    assert database.read_now(counted) == 0


def test_sql_opens_only_our_own_transactions(database: Database) -> None:
    class Stranger:
        closed = False

    with pytest.raises(TypeError, match="Stranger"):
        sql(Stranger())
    database.read_now(lambda c: sql(c).execute(text("SELECT 1")).scalar_one())


@pytest.mark.postgres
def test_postgresql_waits_for_the_disk_at_commit(postgres_url: str) -> None:
    database = Database.open(postgres_url)
    assert (
        database.write_now(lambda c: c.execute(text("SHOW synchronous_commit")).scalar_one())
        == "on"
    )
    database.close()


def test_sqlite_waits_for_the_disk_at_commit(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/w.db")

    def pragma(name: str) -> object:
        return database.write_now(lambda c: c.execute(text(f"PRAGMA {name}")).scalar_one())

    full = 2
    assert (pragma("synchronous"), pragma("journal_mode")) == (full, "wal")
    assert (pragma("foreign_keys"), pragma("busy_timeout")) == (1, 5000)
    database.close()


def test_a_new_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    Database.open(f"sqlite:///{tmp_path}/new/w.db").close()
    assert stat.S_IMODE((tmp_path / "new/w.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_missing_file_is_not_made_for_a_reader(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no file"):
        Database.open(f"sqlite:///{tmp_path}/absent.db", create=False)
    assert not (tmp_path / "absent.db").exists()


def test_a_deleted_file_does_not_come_back_empty(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/w.db")
    (tmp_path / "w.db").unlink()
    with pytest.raises(DBAPIError, match="unable to open"):
        database.write_now(lambda c: c.execute(text("CREATE TABLE t (n INTEGER)")))
    assert not (tmp_path / "w.db").exists()
    database.close()


@pytest.mark.parametrize(
    "url",
    ["", "wardroom.db", "sqlite://", "sqlite:///:memory:", "mysql://h/d", "sqlite:///a?b=c", "://"],
)
def test_a_url_that_cannot_hold_a_log_is_refused_with_the_forms_that_can(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sqlite:///path/to/file\.db or postgresql://"):
        Database.open(url)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot create"):
        Database.open(f"sqlite:///{tmp_path}/file/w.db")


def test_a_path_with_odd_characters_is_taken_as_it_is(tmp_path: Path) -> None:
    odd = tmp_path / "50% of #1?" / "w.db"
    database = Database.open(f"sqlite:///{str(odd).replace('?', '%3F')}", create=True)
    assert database.file is not None
    database.upgrade()
    assert database.file.stat().st_size > 0
    database.close()


@pytest.mark.thorough
def test_several_processes_may_upgrade_one_new_file_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/w.db"
    script = f"from bot.storage.database import Database; Database.open({url!r}).upgrade()"
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    with sqlite3.connect(tmp_path / "w.db") as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_a_broken_constraint_is_an_integrity_error(database: Database) -> None:
    database.write_now(lambda c: c.execute(text("CREATE UNIQUE INDEX one ON counter (n)")))
    with pytest.raises(IntegrityError):
        database.write_now(lambda c: c.execute(text("INSERT INTO counter VALUES (0)")))
