"""The database: reachable, at the newest revision, writable, with room; nothing is written."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy.exc import SQLAlchemyError

from bot import __version__
from bot.audit.keys import KeyFile
from bot.audit.log import AuditLog
from bot.doctor.finding import Finding, fail, ok
from bot.errors import WardroomError
from bot.storage.database import DRIVER_ERRORS, Database
from bot.storage.references import SqlReferences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from bot.doctor.case import Case
    from bot.stores import Reference

NAME = "database"
ROOM_BYTES = 500_000_000
UNREADABLE = (WardroomError, SQLAlchemyError, *DRIVER_ERRORS)
# What PostgreSQL says, and what to do about it; its own words may repeat a mistyped password.
MENDS = {
    "password authentication failed": "put the right user and password into database_file",
    "no password supplied": "put the password into the address in database_file",
    "does not exist": "make it: createdb -O USER NAME (and createuser USER before that)",
    "pg_hba": "let this machine in: one line in the server's pg_hba.conf",
    "resolve": "check the host in the address, then this machine's DNS",
    "refused": "start PostgreSQL, or mend host and port in the address",
    "timeout": "let this machine reach the server's port (firewall)",
}


@contextlib.contextmanager
def opened(case: Case) -> Iterator[Database]:
    """Open the database as it is, making nothing."""
    database = Database.open(case.settings.database.get_secret_value(), create=False)
    try:
        yield database
    finally:
        database.close()


async def look(case: Case) -> list[Finding]:
    """Look at the database without changing it."""
    file = file_of(case)
    if file is not None and not file.exists():
        folder = next(one for one in file.parents if one.exists())
        wrong = _no_room(folder, [folder])
        return [wrong or ok(NAME, f"{file} is not there yet; the first start makes it")]
    if file is not None:
        wrong = _no_room(file.parent, [file, file.parent])
        if wrong:
            return [wrong]
    try:
        return [await asyncio.to_thread(_inside, case)]
    except WardroomError as error:
        return [fail(NAME, "cannot be used as it stands", str(error))]
    except (SQLAlchemyError, *DRIVER_ERRORS) as error:
        return [_unreadable(file, error)]


def file_of(case: Case) -> Path | None:
    """Return the file of a database in a file."""
    url = case.settings.database.get_secret_value()
    is_file = url.startswith("sqlite:")
    return Path(url.removeprefix("sqlite:///")).absolute() if is_file else None


def _inside(case: Case) -> Finding:
    with opened(case) as database:
        revision = database.read_now(_revision)
        try:
            newer = _to_come(revision)
        except RevisionError:
            mend = "start the Wardroom that this database was last used with: there is no way back"
            return fail(NAME, f"is at revision {revision}, which this version does not know", mend)
        if newer:
            mend = "make a copy (docs/operations.md), then run: wardroom db upgrade"
            at = f"at revision {revision}" if revision else "empty"
            return fail(NAME, f"is {at}, not yet at {newer[0]}", mend)
        if not database.is_sqlite and database.read_now(_is_copy):
            mend = "name the primary in the address: target_session_attrs=read-write chooses it"
            return fail(NAME, "is a PostgreSQL standby, which nobody can write to", mend)
        _agrees(case, database)
        return ok(NAME, f"{_where(database)}, at revision {revision}; log and head agree")


def _agrees(case: Case, database: Database) -> None:
    """Raise where the log and its head do not agree; the log is opened, and nothing written."""

    async def start() -> None:
        keys = KeyFile(case.settings.audit.key, case.settings.audit.origin)
        async with AuditLog(
            database, clock=case.clock, software=__version__, replica="doctor", keys=keys
        ):
            pass

    asyncio.run(start())


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _to_come(revision: str | None) -> list[str]:
    """Return the revisions that the database does not have yet, newest first."""
    config = Config()
    folder = str(resources.files("bot.storage") / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    return [one.revision for one in script.iterate_revisions("heads", revision or "base")]


def _is_copy(connection: Connection) -> bool:
    return bool(connection.execute(sqlalchemy.text("SELECT pg_is_in_recovery()")).scalar_one())


def _where(database: Database) -> str:
    if database.file is None:
        return "PostgreSQL answers (its disk cannot be seen from here)"
    free = shutil.disk_usage(database.file.parent).free
    return f"{database.file}, {free / 1_000_000_000:.1f} GB free"


def _no_room(folder: Path, needed: list[Path]) -> Finding | None:
    """Return what is wrong with the place of a SQLite file, or None."""
    closed = [str(path) for path in needed if not os.access(path, os.W_OK)]
    if closed:
        mend = f"run as the service's user, or: chown wardroom {' '.join(closed)}"
        return fail(NAME, f"this user cannot write {' and '.join(closed)}", mend)
    free = shutil.disk_usage(folder).free
    if free < ROOM_BYTES:
        mend = "make room on that disk, or move the database and name its new place"
        return fail(NAME, f"only {free // 1_000_000} MB are free in {folder}", mend)
    return None


def _unreadable(file: Path | None, error: Exception) -> Finding:
    if file is not None:
        mend = f"look with: sqlite3 {file} 'PRAGMA integrity_check'; else bring the copy back"
        return fail(NAME, f"{file} cannot be read as a database of ours", mend)
    words = str(error).lower()
    known = [mend for sign, mend in MENDS.items() if sign in words]
    mend = known[0] if known else "try the address with psql; it says more"
    return fail(NAME, "PostgreSQL does not let us in, or does not answer", mend)


async def reference(case: Case, conversation: str) -> Reference | None:
    """Return what we know of a conversation in Teams, None where we have not been heard of.

    Raises `WardroomError` or a database's errors (`UNREADABLE`) where nothing can be said.
    """
    with opened(case) as database:
        return await SqlReferences(database).get(conversation)
