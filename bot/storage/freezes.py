"""Freezes from chat and copies of feeds; implements `AddedFreezes` and `FeedCopies`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from bot.errors import Conflict
from bot.model import Reason
from bot.storage.database import Database, sql
from bot.storage.inserts import insert_into
from bot.storage.numbers import next_number
from bot.storage.tables import FEED_COPIES, FREEZES
from bot.stores import AddedFreeze, FeedCopy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from bot.ports import Effect, Transaction


class SqlFreezes:
    """A row for each freeze; those that ended stay."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, freeze: AddedFreeze) -> Effect[AddedFreeze]:
        """Keep a freeze; `Conflict(DUPLICATE)` where one of its name has not ended."""

        def effect(tx: Transaction) -> AddedFreeze:
            connection = sql(tx)
            number = next_number(connection, "freezes")  # and one who adds waits for another
            if connection.execute(_in_force(freeze.added, freeze.name)).first() is not None:
                raise Conflict(
                    f"There is a freeze `{freeze.name}` that has not ended. `freeze list` shows "
                    f'it; `freeze lift "{freeze.name}" --reason ...` ends it.',
                    reason=Reason.DUPLICATE,
                )
            connection.execute(insert(FREEZES).values(number=number, **vars(freeze)))
            return freeze

        return effect

    def lift(self, name: str, by: str, why: str, at: datetime) -> Effect[AddedFreeze]:
        """End the freeze of a name that has not ended; `Conflict(NOT_FOUND)` for none."""

        def effect(tx: Transaction) -> AddedFreeze:
            connection = sql(tx)
            row = connection.execute(_in_force(at, name)).first()
            ending = {"lifted": at, "lifted_by": by, "lifted_why": why}
            ended = 0
            if row is not None:
                this = FREEZES.c.number == row.number, FREEZES.c.lifted.is_(None)
                ended = connection.execute(update(FREEZES).where(*this).values(**ending)).rowcount
            if row is None or not ended:
                raise Conflict(
                    f"There is no freeze `{name}` that could be lifted: `freeze list` shows what "
                    "there is.",
                    reason=Reason.NOT_FOUND,
                )
            return replace(_freeze(row), lifted=at, lifted_by=by, lifted_why=why)

        return effect

    async def list(self, since: datetime) -> Sequence[AddedFreeze]:
        """Return those not lifted that end after a moment, by their start."""

        def read(connection: Connection) -> Sequence[AddedFreeze]:
            rows = connection.execute(_in_force(since).order_by(FREEZES.c.start, FREEZES.c.number))
            return [_freeze(row) for row in rows]

        return await self._database.read(read)


class SqlFeedCopies:
    """A row for each feed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[FeedCopy]:
        """Return every copy."""

        def read(connection: Connection) -> Sequence[FeedCopy]:
            rows = connection.execute(select(FEED_COPIES).order_by(FEED_COPIES.c.name))
            return [FeedCopy(row.name, row.body, row.read) for row in rows]

        return await self._database.read(read)

    def put(self, copy: FeedCopy) -> Effect[None]:
        """Keep a copy in place of the one before."""

        def effect(tx: Transaction) -> None:
            row = {"body": copy.body, "read": copy.read}
            adding = insert_into(sql(tx), FEED_COPIES).values(name=copy.name, **row)
            sql(tx).execute(adding.on_conflict_do_update(index_elements=["name"], set_=row))

        return effect

    async def confirm(self, name: str, read: datetime) -> None:
        """Note that a feed was read and said the same; that is not audited."""
        this = update(FEED_COPIES).where(FEED_COPIES.c.name == name).values(read=read)
        await self._database.write(lambda connection: connection.execute(this))


def _in_force(at: datetime, name: str = "") -> Select[Any]:
    query = select(FREEZES).where(FREEZES.c.lifted.is_(None), FREEZES.c.end > at)
    return query.where(FREEZES.c.name == name) if name else query


def _freeze(row: Row[Any]) -> AddedFreeze:
    return AddedFreeze(**{name: getattr(row, name) for name in AddedFreeze.__dataclass_fields__})
