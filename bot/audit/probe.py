"""Reads rows by their numbers, in the database's own words: a search does so all the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from bot.audit.reading import Row
from bot.storage.database import driver

# Read as bytes: a body that was tampered with may not be text any more.
_SQLITE: Final = "SELECT seq, CAST(body AS BLOB), leaf FROM audit WHERE "
_POSTGRESQL: Final = "SELECT seq, convert_to(body, 'UTF8'), leaf FROM audit WHERE "


def rows_of(connection: Connection, seqs: Sequence[int]) -> list[Row]:
    """Return the rows that there are of these numbers, highest first."""
    if connection.dialect.name == "sqlite":
        # Numbers are no user's text, and SQLite has a limit to its parameters.
        marks = ", ".join(map(str, map(int, seqs)))
        found = driver(connection).execute(f"{_SQLITE} seq IN ({marks}) ORDER BY seq DESC")
    else:
        statement = f"{_POSTGRESQL} seq = ANY(%s) ORDER BY seq DESC"
        found = driver(connection).execute(statement, (list(seqs),))
    return list(found.fetchall())


def first_rows(connection: Connection, lower: int, upper: int, most: int) -> list[Row]:
    """Return the first rows from `lower` on, below `upper`."""
    if connection.dialect.name == "sqlite":
        statement = f"{_SQLITE} seq >= ? AND seq < ? ORDER BY seq LIMIT ?"
    else:
        statement = f"{_POSTGRESQL} seq >= %s AND seq < %s ORDER BY seq LIMIT %s"
    return list(driver(connection).execute(statement, (lower, upper, most)).fetchall())
