"""The durable-execution library's own connections to our database."""

from __future__ import annotations

import sqlite3
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Final

import sqlalchemy
from sqlalchemy.pool import QueuePool

from bot.storage.database import Database

# The library waits for our writer rather than failing; our own writer's deadline is far shorter.
_BUSY_MS: Final = 30_000
_POOL: Final = 8
_OVERFLOW: Final = 16
# `unixepoch()` came with SQLite 3.42, but the library decides to use it by Python's version.
_LACKS_UNIXEPOCH: Final = sqlite3.sqlite_version_info < (3, 42) and sys.version_info >= (3, 12)


def open_engine(database: Database) -> sqlalchemy.Engine:
    """Open a further engine on the same database, for the library alone."""
    if database.file is not None:
        return _sqlite(database.file)
    return sqlalchemy.create_engine(
        database.engine.url,
        pool_pre_ping=True,
        hide_parameters=True,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        connect_args={
            "application_name": "wardroom workflows",
            "connect_timeout": 3,
            # A replica that froze inside a transaction must not hold the others' rows for ever.
            "options": "-c idle_in_transaction_session_timeout=60s",
        },
    )


def prepare_caller(connection: sqlalchemy.Connection) -> None:
    """Give a connection that is not the library's what its statements need."""
    if _LACKS_UNIXEPOCH and connection.dialect.name == "sqlite":
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            _add_unixepoch(raw)


def _sqlite(file: Path) -> sqlalchemy.Engine:
    uri = f"file:{urllib.parse.quote(str(file))}?mode=rw"

    def connect() -> sqlite3.Connection:
        # IMMEDIATE: a transaction that will write takes the lock first, so it is never too late.
        connection = sqlite3.connect(
            uri, uri=True, isolation_level="IMMEDIATE", check_same_thread=False
        )
        if _LACKS_UNIXEPOCH:
            _add_unixepoch(connection)
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    return sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(file)),
        creator=connect,
        poolclass=QueuePool,
        hide_parameters=True,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
    )


def _add_unixepoch(connection: sqlite3.Connection) -> None:
    connection.create_function("unixepoch", -1, lambda *_modifiers: time.time())
