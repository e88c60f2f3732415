"""Who runs the workflows of a database: exactly one process per SQLite folder, many elsewhere.

An executor's claim ends with its process, however that ends. On SQLite a second process is
refused, because two would run the same steps. On PostgreSQL each process has a name of its own
and holds a session lock on it; a name whose lock is free belongs to a process that is gone, and
its work may be adopted.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Protocol

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from bot.errors import ConfigurationError
from bot.storage.database import Database

_LOCK_FILE = "wardroom.lock"
# The server must notice within half a minute that a machine is gone, or nobody adopts its work.
_KEEPALIVE = ("tcp_keepalives_idle=10", "tcp_keepalives_interval=5", "tcp_keepalives_count=3")


class Claim(Protocol):
    """A held executor name."""

    @property
    def executor(self) -> str:
        """Return the name that this process runs workflows under."""
        ...

    def renew(self) -> None:
        """Take the claim again where its connection was lost; raises `DBAPIError`. Blocking."""
        ...

    @contextmanager
    def adopting(self, executor: str) -> Iterator[bool]:
        """Hold another executor's name meanwhile, if its process is gone. Blocking."""
        ...

    def release(self) -> None:
        """Give the name up. Blocking."""
        ...


def take_claim(database: Database) -> Claim:
    """Claim a database's workflows for this process; `ConfigurationError` when they are taken."""
    if database.file is not None:
        return _FolderClaim(database.file)
    return _SessionClaim(database.engine.url)


class _FolderClaim:
    """An exclusive lock on a file beside the database."""

    executor = "wardroom"

    def __init__(self, database: Path) -> None:
        self._file = _lock(database.resolve().parent)

    def renew(self) -> None:
        """Do nothing: the lock lasts as long as the process."""

    @contextmanager
    def adopting(self, executor: str) -> Iterator[bool]:
        """Adopt nobody: no other process can have worked here."""
        del executor
        yield False

    def release(self) -> None:
        """Unlock the folder."""
        self._file.close()


def _lock(folder: Path) -> IO[str]:
    try:
        file = (folder / _LOCK_FILE).open("a+", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"database: cannot write in {folder} ({error.strerror}); "
            "give Wardroom a folder that it may write in"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise ConfigurationError(
            f"database: {folder} is in use by another Wardroom (process {holder}); "
            "stop that one, or give this one a database in a folder of its own"
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


class _SessionClaim:
    """A session advisory lock, held by a connection that does nothing else."""

    def __init__(self, url: sqlalchemy.URL) -> None:
        self.executor = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        options = " ".join(f"-c {setting}" for setting in _KEEPALIVE)
        self._engine = sqlalchemy.create_engine(
            url,
            poolclass=sqlalchemy.NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "application_name": f"wardroom {self.executor}",
                "connect_timeout": 10,
                "options": options,
            },
        )
        self._connection = self._engine.connect()
        self._take(self._connection, self.executor)

    def renew(self) -> None:
        """Ask the connection, and lock again on a new one where it is gone."""
        try:
            self._connection.exec_driver_sql("SELECT 1")
        except DBAPIError:
            with suppress(DBAPIError):
                self._connection.close()
            self._connection = self._engine.connect()
            self._take(self._connection, self.executor)

    @contextmanager
    def adopting(self, executor: str) -> Iterator[bool]:
        """Hold the other name's lock if nobody does."""
        with self._engine.connect() as connection:
            yield self._take(connection, executor)

    def release(self) -> None:
        """Close the session, which frees the lock."""
        with suppress(DBAPIError):
            self._connection.close()
        self._engine.dispose()

    @staticmethod
    def _take(connection: sqlalchemy.Connection, executor: str) -> bool:
        digest = hashlib.sha256(f"wardroom executor {executor}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        query = sqlalchemy.text("SELECT pg_try_advisory_lock(:key)")
        return bool(connection.execute(query, {"key": key}).scalar())
