"""Messages by topic; implements `bot.stores.Topics`.

Bookkeeping of what is on screens: it writes in transactions of its own and is not audited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.model import Place
from bot.storage.database import Database
from bot.storage.inserts import insert_into, insert_new
from bot.storage.numbers import next_number
from bot.storage.tables import POSTS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from bot.model import Reply


class SqlTopics:
    """The newest reply of each topic, and where it was shown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, topic: str, reply: Reply) -> int:
        """Keep a topic's newest reply; returns its version, counting up from 1."""

        def write(connection: Connection) -> int:
            changed = next_number(connection, "topics")
            insert = insert_into(connection, TOPICS).values(
                topic=topic, reply=reply, version=1, changed=changed
            )
            newer = {"reply": reply, "version": TOPICS.c.version + 1, "changed": changed}
            upsert = insert.on_conflict_do_update(index_elements=["topic"], set_=newer)
            return int(connection.execute(upsert.returning(TOPICS.c.version)).scalar_one())

        return await self._database.write(write)

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

    async def add_post(self, topic: str, place: Place, ref: str) -> None:
        """Remember where a topic's message was shown; idempotent."""

        def write(connection: Connection) -> None:
            insert_new(
                connection,
                POSTS,
                topic=topic,
                platform=place.platform,
                channel=place.channel,
                thread=place.thread,
                ref=ref,
            )

        await self._database.write(write)

    async def posts(self, topic: str) -> Sequence[tuple[Place, str]]:
        """Return where a topic's message was shown, with the platform's references."""

        def read(connection: Connection) -> list[tuple[Place, str]]:
            rows = connection.execute(select(POSTS).where(POSTS.c.topic == topic))
            return [(Place(row.platform, row.channel, row.thread), row.ref) for row in rows]

        return await self._database.read(read)
