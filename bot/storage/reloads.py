"""What was put in force last, for every replica to look at; implements `bot.stores.Reloads`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Column, Integer, Text, select, update
from sqlmodel import Field

from bot.storage.database import Database, sql
from bot.storage.inserts import insert_new
from bot.storage.tables import METADATA, Store
from bot.stores.reloads import Reloaded

if TYPE_CHECKING:
    from bot.ports import Effect, Transaction

_POLICIES: Final = "policies"


class ReloadRow(Store, table=True):
    """One row for each kind of file that is put in force by a command."""

    __tablename__ = "reloads"
    name: str = Field(sa_column=Column(Text, primary_key=True))
    number: int = Field(sa_column=Column(Integer, nullable=False))
    version: str = Field(sa_column=Column(Text, nullable=False))


RELOADS: Final = METADATA.tables["reloads"]


class SqlReloads:
    """The row of the policies."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, version: str) -> Effect[None]:
        """Remember that a version was put in force."""
        mine = RELOADS.c.name == _POLICIES
        counted = update(RELOADS).where(mine).values(number=RELOADS.c.number + 1, version=version)

        def effect(tx: Transaction) -> None:
            insert_new(sql(tx), RELOADS, name=_POLICIES, number=0, version="")
            sql(tx).execute(counted)

        return effect

    async def latest(self) -> Reloaded | None:
        """Return what was put in force last, None where that was never done."""
        query = select(RELOADS.c.number, RELOADS.c.version).where(RELOADS.c.name == _POLICIES)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Reloaded(row.number, row.version)
