"""Deliveries that were seen; implements `bot.stores.Deliveries`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from bot.errors import Conflict
from bot.model import Reason
from bot.storage.database import Database, sql
from bot.storage.inserts import insert_new
from bot.storage.tables import DELIVERIES

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.ports import Effect, Transaction


class SqlDeliveries:
    """One row for each delivery; the key is what makes a second claim fail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, at: datetime) -> Effect[None]:
        """Claim a delivery; `Conflict(reason=DUPLICATE)` when somebody has it already."""

        def effect(tx: Transaction) -> None:
            if not insert_new(sql(tx), DELIVERIES, key=key, at=at, answer=None):
                raise Conflict("this was received already", reason=Reason.DUPLICATE)

        return effect

    def answer(self, key: str, answer: str) -> Effect[None]:
        """Keep the first answer beside its claim; a later one is dropped."""

        def effect(tx: Transaction) -> None:
            first = DELIVERIES.c.key == key, DELIVERIES.c.answer.is_(None)
            sql(tx).execute(update(DELIVERIES).where(*first).values(answer=answer))

        return effect

    async def seen(self, key: str) -> str | None:
        """Return the first answer, "" while there is none yet, None for a new delivery."""

        def read(connection: Connection) -> str | None:
            found = connection.execute(
                select(DELIVERIES.c.answer).where(DELIVERIES.c.key == key)
            ).one_or_none()
            return None if found is None else found.answer or ""

        return await self._database.read(read)

    def forget(self, before: datetime) -> Effect[int]:
        """Drop claims older than `before`; returns how many."""

        def effect(tx: Transaction) -> int:
            return sql(tx).execute(delete(DELIVERIES).where(DELIVERIES.c.at < before)).rowcount

        return effect
