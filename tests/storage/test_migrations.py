"""The migrations make exactly the tables that the stores declare."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from bot.storage import migrations
from bot.storage.database import Database
from bot.storage.requests import SqlRequests
from tests.postgres import Server
from tests.storage.samples import ASKED


def check(connection: Connection) -> str:
    """Compare the declared tables with the migrated ones; `CommandError` when they differ."""
    said = io.StringIO()
    config = Config(stdout=said)
    config.set_main_option("script_location", migrations.__path__[0])
    config.attributes["connection"] = connection
    command.check(config)
    return said.getvalue()


def test_the_migrated_tables_are_the_declared_ones(database: Database) -> None:
    assert database.read_now(check) == "No new upgrade operations detected.\n"


def test_tables_of_others_in_the_same_database_are_left_alone(database: Database) -> None:
    database.write_now(lambda tx: tx.execute(text("CREATE TABLE workflow_status (id INTEGER)")))
    database.upgrade()
    assert database.read_now(check) == "No new upgrade operations detected.\n"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table of ours."""
    if request.param == "sqlite":
        opened = Database.open(f"sqlite:///{tmp_path / 'empty.db'}")
        yield opened
        opened.close()
        return
    server: Server = request.getfixturevalue("postgres_server")
    name = f"e_{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    opened = Database.open(server.database(name))
    yield opened
    opened.close()
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_an_approval_from_before_signatures_is_there_and_unsigned(empty: Database) -> None:
    def before(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", migrations.__path__[0])
        config.attributes["connection"] = connection
        command.upgrade(config, "0018")
        # Requests are as they were then; only their approvals have changed since.
        SqlRequests(empty).open(ASKED)(connection)
        row = {"request": 1, "person": "officer", "roles": "[]", "at": datetime(2026, 11, 22)}  # noqa: DTZ001 - as it is kept
        names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
        inserting = f"INSERT INTO request_approvals ({names}) VALUES ({values})"  # noqa: S608 - names of our own
        connection.execute(text(inserting), row)

    empty.write_now(before)
    empty.upgrade()
    request = await SqlRequests(empty).show("REQ-1")
    assert request is not None
    (approval,) = request.approvals
    assert (approval.person, approval.is_signed) == ("officer", False)
    assert (approval.signed_name, approval.meaning, approval.signed_at) == ("", "", None)
    assert empty.read_now(check) == "No new upgrade operations detected.\n"
