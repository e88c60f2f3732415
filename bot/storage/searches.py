"""Searches that people keep; implements `bot.stores.SavedSearches`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select

from bot.errors import Refused
from bot.model import Reason
from bot.storage.database import Database, sql
from bot.storage.inserts import insert_into
from bot.storage.tables import SAVED_SEARCHES
from bot.stores import SavedSearch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from bot.ports import Effect, Transaction

MOST: Final = 50


class SqlSavedSearches:
    """One row for each person and name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, search: SavedSearch) -> Effect[None]:
        """Keep a search in place of one with the same name; Refused where there are too many."""

        def effect(tx: Transaction) -> None:
            connection = sql(tx)
            others = select(func.count()).where(
                SAVED_SEARCHES.c.person == search.person, SAVED_SEARCHES.c.name != search.name
            )
            if connection.execute(others).scalar_one() >= MOST:
                raise Refused(
                    Reason.BAD_INPUT, f"You keep {MOST} searches already. `audit unsave` drops one."
                )
            row = {"query": search.query, "at": search.at}
            insert = insert_into(connection, SAVED_SEARCHES).values(
                person=search.person, name=search.name, **row
            )
            connection.execute(
                insert.on_conflict_do_update(index_elements=["person", "name"], set_=row)
            )

        return effect

    def drop(self, person: str, name: str) -> Effect[bool]:
        """Drop somebody's search; False when there was none."""

        def effect(tx: Transaction) -> bool:
            own = SAVED_SEARCHES.c.person == person, SAVED_SEARCHES.c.name == name
            return sql(tx).execute(delete(SAVED_SEARCHES).where(*own)).rowcount > 0

        return effect

    async def list(self, person: str) -> Sequence[SavedSearch]:
        """Return somebody's searches by name."""

        def read(connection: Connection) -> Sequence[SavedSearch]:
            own = select(SAVED_SEARCHES).where(SAVED_SEARCHES.c.person == person)
            rows = connection.execute(own.order_by(SAVED_SEARCHES.c.name))
            return [SavedSearch(row.person, row.name, row.query, row.at) for row in rows]

        return await self._database.read(read)
