"""The log as its anchors are told of it, read from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.audit import proof
from bot.audit.nodes import Nodes
from bot.audit.note import unverified

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.storage.database import Database


class LogView:
    """Reads where the log ends and how it came there; each answer is of one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self) -> str:
        """Return the signed checkpoint of now, "" where the log is still empty."""
        return await self._database.read(_head)

    async def root(self, size: int) -> bytes:
        """Return the root that the log had at a size, which is not above its own."""
        return await self._database.read(
            lambda connection: proof.root(Nodes(connection).hash_of, size)
        )

    async def growth(self, old: int, note: str) -> str:
        """Return the proof that the log of a signed checkpoint begins with its first `old` events.

        Where the log of that checkpoint had fewer, there is no proof, and its reader will say so.
        """

        def read(connection: Connection) -> str:
            size = unverified(note).size
            path = proof.consistency(Nodes(connection).hash_of, old, size) if old <= size else []
            return proof.Consistency(old, tuple(path), note).text

        return await self._database.read(read)


def _head(connection: Connection) -> str:
    note: str = connection.execute(text("SELECT checkpoint FROM audit_head")).scalar_one()
    return note
