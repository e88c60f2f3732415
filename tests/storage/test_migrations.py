"""The migrations make exactly the tables that the stores declare."""

from __future__ import annotations

import io

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from bot.storage import migrations
from bot.storage.database import Database


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
