"""Checkpoints in a second place of ours: a file on another volume, a row of another database.

Both are replaced by compare-and-swap, so that two replicas, or a restored clone, never overwrite
what they have not seen.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from bot.audit.note import unverified
from bot.errors import Conflict, StoreFailed, Unreachable
from bot.storage.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.audit.anchors.anchor import Grown

_FASTER: Final = "another process moved the checkpoint there"
_LONGEST: Final = 20_000  # characters of a note
_MODE: Final = 0o644  # no secret: the more people read it, the better

_ROWS: Final = Table(
    "wardroom_checkpoints",
    MetaData(),
    Column("origin", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
)


@dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint in a file: of use where its volume, or who may write there, is another."""

    name: str
    file: Path
    every: float
    is_asked: bool = True

    async def held(self) -> str | None:
        """Return what the file says, None where there is none."""
        return await asyncio.to_thread(self._read)

    async def keep(self, note: str, *, after: str | None, log: Grown) -> None:  # noqa: ARG002 - the keeper compared already
        """Replace the file, durably, if it still says `after`."""
        await asyncio.to_thread(self._replace, note, after)

    def _read(self) -> str | None:
        try:
            with self.file.open("rb") as found:
                return found.read(_LONGEST).decode("utf-8", "replace")
        except FileNotFoundError:
            if not self.file.parent.is_dir():
                # A volume that is not mounted is not an anchor that is still empty.
                raise Unreachable(f"there is no folder {self.file.parent}") from None
            return None
        except OSError as error:
            raise _failed(error) from error

    def _replace(self, note: str, after: str | None) -> None:
        try:
            lock = os.open(f"{self.file}.lock", os.O_RDWR | os.O_CREAT, _MODE)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if self._read() != after:
                    raise Conflict(_FASTER)
                self._write(note)
            finally:
                os.close(lock)
        except OSError as error:
            raise _failed(error) from error

    def _write(self, note: str) -> None:
        fresh = self.file.with_name(f"{self.file.name}.new")
        with fresh.open("wb") as out:
            out.write(note.encode())
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self.file)
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@dataclass(frozen=True)
class CheckpointRow:
    """A checkpoint in a row of another database, best of other administrators."""

    name: str
    database: Database
    origin: str
    every: float
    is_asked: bool = True

    async def held(self) -> str | None:
        """Return what the row says, None where there is none."""

        def read(connection: Connection) -> str | None:
            if not inspect(connection).has_table(_ROWS.name):
                return None
            asked = select(_ROWS.c.note).where(_ROWS.c.origin == self.origin)
            found: str | None = connection.execute(asked).scalar()
            return found

        try:
            return await self.database.read(read)
        except StoreFailed as error:
            raise Unreachable(str(error)) from error

    async def keep(self, note: str, *, after: str | None, log: Grown) -> None:  # noqa: ARG002 - the keeper compared already
        """Replace the row's note if it still is `after`."""

        def replace(connection: Connection) -> None:
            values = {"size": unverified(note).size, "note": note}
            if after is None:
                _ROWS.create(connection, checkfirst=True)
                _insert(connection, {"origin": self.origin, **values})
                return
            here = (_ROWS.c.origin == self.origin) & (_ROWS.c.note == after)
            if connection.execute(update(_ROWS).where(here).values(**values)).rowcount != 1:
                raise Conflict(_FASTER)

        try:
            await self.database.write(replace)
        except StoreFailed as error:
            raise Unreachable(str(error)) from error

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.to_thread(self.database.close)


def _insert(connection: Connection, row: dict[str, object]) -> None:
    try:
        connection.execute(insert(_ROWS).values(**row))
    except IntegrityError as error:
        raise Conflict(_FASTER) from error


def _failed(error: OSError) -> Unreachable:
    return Unreachable((error.strerror or type(error).__name__).lower())
