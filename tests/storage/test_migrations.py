"""The migrations make exactly the tables that the stores declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.storage.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.storage.database import Database


def test_the_migrated_tables_are_the_declared_ones(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {
            "include_name": lambda name, kind, _parents: kind != "table" or name in METADATA.tables,
            "compare_type": True,
        }
        found: list[object] = compare_metadata(
            MigrationContext.configure(connection, opts=options), METADATA
        )
        return found

    assert database.read_now(differences) == []


def test_upgrading_again_changes_nothing(database: Database) -> None:
    database.upgrade()
