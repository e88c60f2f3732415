"""`wardroom doctor --only database`: a good database, each broken one, and never a byte changed."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING

import alembic.command
import alembic.config
import pytest

from bot.storage.database import Database
from tests.cli.clinic import doctor, free_port, nowhere
from tests.cli.conftest import configure
from tests.house_rules.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]


@pytest.fixture(autouse=True)
def _alone(home: Path) -> None:
    """Look at a site on a port that nobody listens at."""
    nowhere(home)


def _at(home: Path, revision: str) -> None:
    """Make the database as an older version left it."""
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    config = alembic.config.Config()
    config.set_main_option("script_location", str(ROOT / "bot/storage/migrations"))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, revision)
    database.close()


async def test_a_database_that_is_not_made_yet_is_well_and_stays_unmade(home: Path) -> None:
    found = (await doctor("--only", "database")).of("database")

    assert found["state"] == "ok"
    assert found["text"].endswith("is not there yet; the first start makes it")
    assert not (home / "wardroom.db").exists()


async def test_a_whole_database_is_well_and_not_a_byte_of_it_changes(
    wardroom: Typing, home: Path
) -> None:
    wardroom("db", "upgrade")
    before = (home / "wardroom.db").read_bytes()

    found = (await doctor("--only", "database")).of("database")

    assert "GB free, at revision" in found["text"]
    assert found["text"].endswith("log and head agree")
    assert (home / "wardroom.db").read_bytes() == before


async def test_an_old_schema_is_told_to_be_upgraded(home: Path) -> None:
    _at(home, "0002")

    found = (await doctor("--only", "database")).of("database")

    assert found["state"] == "fail"
    assert found["text"].startswith("is at revision 0002, not yet at 0")
    assert found["mend"].endswith("run: wardroom db upgrade")


async def test_a_database_without_tables_is_told_to_be_upgraded(home: Path) -> None:
    sqlite3.connect(home / "wardroom.db").close()

    assert (await doctor("--only", "database")).of("database")["text"].startswith("is empty")


async def test_a_database_of_a_newer_version_is_not_called_well(
    wardroom: Typing, home: Path
) -> None:
    wardroom("db", "upgrade")
    with sqlite3.connect(home / "wardroom.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()

    found = (await doctor("--only", "database")).of("database")

    assert found["text"] == "is at revision 9999, which this version does not know"


async def test_a_head_that_disagrees_with_its_log_is_found(wardroom: Typing, home: Path) -> None:
    wardroom("db", "upgrade")
    with sqlite3.connect(home / "wardroom.db") as connection:
        connection.execute("UPDATE audit_head SET root = zeroblob(32)")
    connection.close()

    found = (await doctor("--only", "database")).of("database")

    assert "run `wardroom audit verify`" in found["mend"]


async def test_a_file_that_is_no_database_is_named(home: Path) -> None:
    (home / "wardroom.db").write_bytes(b"not a database at all, and long enough to be read\n" * 90)

    found = (await doctor("--only", "database")).of("database")

    assert found["text"].endswith("wardroom.db cannot be read as a database of ours")


async def test_a_full_disk_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(home)._replace(free=1_000_000)
    monkeypatch.setattr("bot.doctor.database.shutil.disk_usage", lambda _: usage)

    assert "only 1 MB are free" in (await doctor("--only", "database")).of("database")["text"]


async def test_a_folder_that_nobody_may_write_to_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Asked for, not taken away: whoever runs the tests as root may write anywhere.
    monkeypatch.setattr("bot.doctor.database.os.access", lambda *_: False)

    found = (await doctor("--only", "database")).of("database")

    assert found["text"] == f"this user cannot write {home}"
    assert found["mend"].endswith(f"chown wardroom {home}")


async def test_a_postgresql_that_is_away_is_named_without_its_password(home: Path) -> None:
    address = f"postgresql://wardroom:hunter2secret@127.0.0.1:{free_port()}/wardroom"
    configure(home, database=address)

    report = await doctor("--only", "database")

    assert report.of("database")["mend"] == "start PostgreSQL, or mend host and port in the address"
    assert "hunter2secret" not in report.output


@pytest.mark.postgres
async def test_a_whole_postgresql_is_well(home: Path, postgres_url: str) -> None:
    configure(home, database=postgres_url)

    found = (await doctor("--only", "database")).of("database")

    assert found["state"] == "ok"
    assert found["text"].startswith("PostgreSQL answers")
