"""Where we may write in Teams; implements `bot.stores.References`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select

from bot.storage.database import Database
from bot.storage.inserts import insert_into
from bot.storage.tables import REFERENCES
from bot.stores import Reference

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection


class SqlReferences:
    """One row for each conversation; not audited, as it is Teams' to say."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, reference: Reference) -> None:
        """Remember a conversation, in place of what was known of it."""
        values = {**vars(reference), "is_blocked": int(reference.is_blocked)}
        if await self.get(reference.conversation) == reference:
            return  # as with nearly every message

        def write(connection: Connection) -> None:
            insert = insert_into(connection, REFERENCES).values(**values)
            connection.execute(
                insert.on_conflict_do_update(index_elements=["conversation"], set_=values)
            )

        await self._database.write(write)

    async def get(self, conversation: str) -> Reference | None:
        """Return how to reach a conversation, or None where we are not."""
        return await self._one(REFERENCES.c.conversation == conversation)

    async def personal(self, tenant: str, user: str) -> Reference | None:
        """Return somebody's own chat with us, or None where there is none yet."""
        if not user:
            return None  # "" stands at every conversation of several
        return await self._one(REFERENCES.c.tenant == tenant, REFERENCES.c.user == user)

    async def forget(self, conversation: str) -> None:
        """Forget a conversation, and every channel of the team of that id."""
        theirs = or_(REFERENCES.c.conversation == conversation, REFERENCES.c.team == conversation)
        await self._database.write(lambda tx: tx.execute(delete(REFERENCES).where(theirs)))

    async def _one(self, *where: ColumnElement[bool]) -> Reference | None:
        query = select(REFERENCES).where(*where).order_by(REFERENCES.c.conversation).limit(1)

        def read(connection: Connection) -> Reference | None:
            row = connection.execute(query).mappings().one_or_none()
            return (
                None if row is None else Reference(**{**row, "is_blocked": bool(row["is_blocked"])})
            )

        return await self._database.read(read)
