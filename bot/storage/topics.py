"""Messages by topic; implements `bot.stores.Topics`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.storage.database import Database, sql
from bot.storage.inserts import insert_into
from bot.storage.numbers import next_number
from bot.storage.tables import TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from bot.model import Reply
    from bot.ports import Effect, Transaction


class SqlTopics:
    """The newest reply of each topic."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, topic: str, reply: Reply) -> Effect[int]:
        """Keep a topic's newest reply; returns its version, counting up from 1."""

        def effect(tx: Transaction) -> int:
            connection = sql(tx)
            changed = next_number(connection, "topics")
            insert = insert_into(connection, TOPICS).values(
                topic=topic, reply=reply, version=1, changed=changed
            )
            newer = {"reply": reply, "version": TOPICS.c.version + 1, "changed": changed}
            upsert = insert.on_conflict_do_update(index_elements=["topic"], set_=newer)
            return int(connection.execute(upsert.returning(TOPICS.c.version)).scalar_one())

        return effect

    async def keep(self, topic: str, reply: Reply) -> int:
        """Do as `put` says, in a transaction of its own: what is on screens is not audited."""
        return await self._database.write(self.put(topic, reply))

    async def get(self, topic: str) -> tuple[Reply, int] | None:
        """Return a topic's newest reply and version."""

        def read(connection: Connection) -> tuple[Reply, int] | None:
            found = connection.execute(select(TOPICS).where(TOPICS.c.topic == topic)).one_or_none()
            return None if found is None else (found.reply, found.version)

        return await self._database.read(read)

    async def recent(self, *, limit: int = 20) -> Sequence[tuple[str, Reply]]:
        """Return the topics changed last, oldest first."""

        def read(connection: Connection) -> list[tuple[str, Reply]]:
            newest = select(TOPICS).order_by(TOPICS.c.changed.desc()).limit(limit)
            return [(row.topic, row.reply) for row in reversed(connection.execute(newest).all())]

        return await self._database.read(read)
