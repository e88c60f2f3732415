"""Break-glass grants; implements `bot.stores.Grants`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Index, Integer, Text, insert, select, update
from sqlmodel import Field

from bot.errors import Conflict
from bot.model import Reason
from bot.moments import at_time
from bot.ports.control import Grant
from bot.storage.columns import Utc
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import METADATA, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from bot.ports import Effect, Transaction

_NAME: Final = "BG"


def _column(kind: Any, *, null: bool = False, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null, primary_key=key, autoincrement=False))


class GrantRow(Store, table=True):
    """A break-glass; `seen` is the latest moment at which it was in force, by anybody's clock."""

    __tablename__ = "grants"
    __table_args__ = (Index("ix_grants_ended", "ended"),)
    number: int = _column(Integer, key=True)
    person: str = _column(Text)
    incident: str = _column(Text)
    service: str = _column(Text)
    reason: str = _column(Text)
    since: datetime = _column(Utc)
    until: datetime = _column(Utc)
    seen: datetime = _column(Utc)
    ended: datetime | None = _column(Utc, null=True)
    ended_by: str = _column(Text)


GRANTS: Final = METADATA.tables["grants"]


class SqlGrants:
    """One row for each break-glass."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, grant: Grant) -> Effect[Grant]:
        """Keep a grant under the next BG-n (the id given is ignored)."""

        def effect(tx: Transaction) -> Grant:
            number = next_number(sql(tx), _NAME)
            kept = replace(grant, id=format_id(_NAME, number), seen=grant.since)
            values = {**vars(kept), "number": number}
            del values["id"]
            sql(tx).execute(insert(GRANTS).values(**values))
            return kept

        return effect

    def end(self, grant_id: str, *, by: str, at: datetime) -> Effect[Grant]:
        """End a grant once; `Conflict` says how it had ended."""

        def effect(tx: Transaction) -> Grant:
            open_ = _is(grant_id), GRANTS.c.ended.is_(None)
            values = {"ended": at, "ended_by": by}
            ended = sql(tx).execute(update(GRANTS).where(*open_).values(**values)).rowcount
            found = _grants(sql(tx), select(GRANTS).where(_is(grant_id)))
            if not found:
                raise Conflict(f"there is no break-glass {grant_id}", reason=Reason.NOT_FOUND)
            if not ended:
                raise Conflict(
                    f"{grant_id} was ended by {found[0].ended_by} {at_time(found[0].ended)}",
                    reason=Reason.DUPLICATE,
                )
            return found[0]

        return effect

    async def saw(self, grant_id: str, at: datetime) -> None:
        """Note that a grant was in force at a moment; only ever later ones."""
        later = update(GRANTS).where(_is(grant_id), GRANTS.c.seen < at).values(seen=at)
        await self._database.write(lambda connection: connection.execute(later).rowcount)

    async def show(self, grant_id: str) -> Grant | None:
        """Return a grant by id."""
        found = await self._read(select(GRANTS).where(_is(grant_id)))
        return found[0] if found else None

    async def list(self, *, open_only: bool = False, limit: int = 20) -> Sequence[Grant]:
        """Return grants, newest first; `open_only` leaves out those that were ended."""
        query = select(GRANTS)
        if open_only:
            query = query.where(GRANTS.c.ended.is_(None))
        return await self._read(query.order_by(GRANTS.c.number.desc()).limit(limit))

    async def _read(self, query: Select[Any]) -> Sequence[Grant]:
        return await self._database.read(lambda connection: _grants(connection, query))


def _is(grant_id: str) -> ColumnElement[bool]:
    return GRANTS.c.number == parse_id(_NAME, grant_id)


def _grants(connection: Connection, query: Select[Any]) -> Sequence[Grant]:
    return [_grant(row) for row in connection.execute(query)]


def _grant(row: Row[Any]) -> Grant:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("number")
    return Grant(id=format_id(_NAME, number), **values)
