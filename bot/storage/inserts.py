"""Inserts that a key decides about; a failed INSERT would end a PostgreSQL transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

    Insert = postgresql.Insert | sqlite.Insert


def insert_new(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless its key is taken; say whether it was inserted."""
    insert = insert_into(connection, table).values(**values).on_conflict_do_nothing()
    # Not rowcount: the PostgreSQL driver leaves it open for an INSERT.
    inserted = insert.returning(*table.primary_key)
    return connection.execute(inserted).one_or_none() is not None


def insert_into(connection: Connection, table: Table) -> Insert:
    """Begin an INSERT of this database's kind, which can say what to do on a conflict."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
