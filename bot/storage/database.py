"""The database underneath: one file of SQLite, or PostgreSQL, behind one small class."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import alembic.command
import alembic.config
import psycopg
import sqlalchemy
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from bot.errors import ConfigurationError, StoreFailed

if TYPE_CHECKING:
    from bot.ports import Transaction

T = TypeVar("T")

_READERS: Final = 4
_BUSY_MS: Final = 5_000
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATION_LOCK: Final = 7_310_846_021_553_911  # any number, the same in every replica
_FORMS: Final = "sqlite:///path/to/file.db or postgresql://user@host/name"


DRIVER_ERRORS: Final = (sqlite3.Error, psycopg.Error)
"""What the statements of `driver` raise."""


def sql(tx: Transaction) -> Connection:
    """Return the connection inside a transaction; TypeError for anything that is not ours."""
    if not isinstance(tx, Connection):
        raise TypeError(f"not a transaction of this database: {type(tx).__name__}")
    return tx


def driver(connection: Connection) -> Any:
    """Return the driver's own connection (sqlite3 or psycopg), for statements run very often."""
    return connection.connection.driver_connection


@dataclass(frozen=True)
class Database:
    """One database: a writing engine, a reading engine, and the threads that use them.

    `engine` writes: each of its transactions takes SQLite's write lock when it begins, so a
    read-modify-write never loses an update. `reader` cannot write, and each of its transactions
    sees one snapshot. `turn` is held while writing: waiting for SQLite's own lock is unfair, so
    the writers of one process queue here first.
    """

    engine: Engine
    reader: Engine
    file: Path | None
    turn: contextlib.AbstractContextManager[Any]
    _readers: ThreadPoolExecutor = field(repr=False)
    _writers: ThreadPoolExecutor = field(repr=False)

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open a database by URL, relative SQLite paths from the working directory.

        `create` makes a missing SQLite file and its folder, readable by this user alone. Nothing
        is migrated: see `upgrade`. `ConfigurationError` says what is wrong with the URL.
        """
        parsed = _parse(url)
        if parsed.get_backend_name() == "sqlite":
            file = Path(parsed.database or "").absolute()
            _make_file(file, create=create)
            engine, reader = _sqlite(file, reading=False), _sqlite(file, reading=True)
            turn: contextlib.AbstractContextManager[Any] = threading.Lock()
        else:
            file = None
            engine, reader = _postgresql(parsed, reading=False), _postgresql(parsed, reading=True)
            turn = contextlib.nullcontext()
        return cls(
            engine=engine,
            reader=reader,
            file=file,
            turn=turn,
            _readers=ThreadPoolExecutor(_READERS, thread_name_prefix="database-read"),
            _writers=ThreadPoolExecutor(1, thread_name_prefix="database-write"),
        )

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is one file of SQLite."""
        return self.file is not None

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a reading thread, on one snapshot; raises `StoreFailed`."""
        loop = asyncio.get_running_loop()
        with _ours():
            return await loop.run_in_executor(self._readers, self.read_now, fn)

    def read_now(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in this thread, on one snapshot; blocks."""
        with self.reader.connect() as connection:
            connection.begin()  # now, not with the first statement: `driver` would go past that
            return fn(connection)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction of its own: for bookkeeping that is not audited.

        Raises `StoreFailed`.
        """
        loop = asyncio.get_running_loop()
        with _ours():
            return await loop.run_in_executor(self._writers, self.write_now, fn)

    def write_now(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction of its own in this thread; blocks."""
        with self.turn, self.engine.begin() as connection:
            return fn(connection)

    def upgrade(self) -> None:
        """Bring the schema to the newest revision; safe from several processes at once."""
        config = alembic.config.Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        with self.turn, self.engine.begin() as connection:
            if not self.is_sqlite:
                lock = sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(_MIGRATION_LOCK))
                connection.execute(lock)
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")

    def close(self) -> None:
        """End the threads, finishing what they do, and close every connection."""
        self._readers.shutdown()
        self._writers.shutdown()
        self.engine.dispose()
        self.reader.dispose()


@contextlib.contextmanager
def _ours() -> Iterator[None]:
    """Raise an error of the database as one that callers can name."""
    try:
        yield
    except (DBAPIError, PoolTimeout, *DRIVER_ERRORS) as error:
        kind = type(error).__name__  # its words may quote what was being stored
        raise StoreFailed(f"the database failed ({kind}); `wardroom doctor` says more") from error


def _parse(url: str) -> sqlalchemy.URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError:
        raise ConfigurationError(f"database: not a database URL; use {_FORMS}") from None
    if backend == "sqlite":
        if parsed.database in {None, "", ":memory:"} or parsed.query:
            raise ConfigurationError(f"database: SQLite needs a plain file path; use {_FORMS}")
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigurationError(f"database: {backend} is not supported; use {_FORMS}")


def _make_file(file: Path, *, create: bool) -> None:
    if file.exists():
        return
    if not create:
        raise ConfigurationError(f"database: there is no file {file}; is the path right?")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"database: cannot create {file}: {error.strerror}; choose another path or mend its "
            "permissions"
        ) from error


def _sqlite(file: Path, *, reading: bool) -> Engine:
    # mode=rw: a file that is deleted under us must stay gone, never come back as an empty log.
    uri = f"file:{urllib.parse.quote(str(file))}?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        connection.execute("PRAGMA foreign_keys=ON")
        if reading:
            connection.execute("PRAGMA query_only=ON")
        else:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        return connection

    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(file)),
        creator=connect,
        poolclass=QueuePool,
        hide_parameters=True,
        pool_size=_READERS,
    )
    begin = "BEGIN" if reading else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # By default the driver opens no transaction for a SELECT: updates would get lost.
        # Straight to the driver: this runs for every transaction, and costs a sixth of it.
        driver(connection).execute(begin)

    return engine


def _postgresql(url: sqlalchemy.URL, *, reading: bool) -> Engine:
    settings = {
        "synchronous_commit": "on",
        "lock_timeout": "2s",
        "statement_timeout": "60s",
        # A replica that froze inside a transaction must not hold the others' lock for ever.
        "idle_in_transaction_session_timeout": "10s",
    }
    engine = sqlalchemy.create_engine(
        url,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text may reach a log; what is stored must not
        pool_size=_READERS,
        connect_args={
            "connect_timeout": 3,
            "tcp_user_timeout": 5_000,
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
    )
    if reading:
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine
