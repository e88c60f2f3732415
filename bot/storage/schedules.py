"""Schedules of runbooks; implements `bot.stores.schedules.ScheduleStore`.

A schedule moves on by one statement that names the moment that it was read with: of several
replicas that look at once, one moves it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Column, Index, Integer, Text, insert, select, update
from sqlmodel import Field

from bot.errors import Conflict
from bot.model import Account, Place, Reason
from bot.model.schedules import RunbookSchedule
from bot.storage.codec import PLACE, Codec
from bot.storage.columns import Encoded, Utc
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import METADATA, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

    from bot.ports import Effect, Transaction

_NAME: Final = "SCHED"
_ACCOUNT: Final = Codec("account", TypeAdapter(Account))


def _column(kind: Any, *, null: bool = False, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null, primary_key=key, autoincrement=False))


class ScheduleRow(Store, table=True):
    """A schedule; `next` is NULL where it was ended."""

    __tablename__ = "schedules"
    __table_args__ = (Index("ix_schedules_next", "next"),)
    number: int = _column(Integer, key=True)
    runbook: str = _column(Text)
    given: str = _column(Text)
    cron: str = _column(Text)
    person: str = _column(Text)
    account: Account = _column(Encoded(_ACCOUNT))
    place: Place = _column(Encoded(PLACE))
    correlation: str = _column(Text)
    made: datetime = _column(Utc)
    next: datetime | None = _column(Utc, null=True)
    last: str = _column(Text)


SCHEDULES: Final = METADATA.tables["schedules"]


class SqlSchedules:
    """The schedules of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, new: RunbookSchedule) -> Effect[RunbookSchedule]:
        """Keep a new schedule under the next SCHED-n."""
        values = dict(vars(new))
        del values["id"]

        def effect(tx: Transaction) -> RunbookSchedule:
            number = next_number(sql(tx), _NAME)
            sql(tx).execute(insert(SCHEDULES).values(**values, number=number))
            return replace(new, id=format_id(_NAME, number))

        return effect

    def move(
        self, read: RunbookSchedule, upcoming: datetime | None, last: str
    ) -> Effect[RunbookSchedule]:
        """Keep when it begins next; `Conflict` where it has moved since it was read."""
        moved = replace(read, next=upcoming, last=last)

        def effect(tx: Transaction) -> RunbookSchedule:
            as_read = SCHEDULES.c.number == parse_id(_NAME, read.id), SCHEDULES.c.next == read.next
            values = {"next": upcoming, "last": last}
            if not sql(tx).execute(update(SCHEDULES).where(*as_read).values(**values)).rowcount:
                raise Conflict(
                    f"{read.id} has moved on meanwhile; look at it again", reason=Reason.SUPERSEDED
                )
            return moved

        return effect

    async def show(self, schedule_id: str) -> RunbookSchedule | None:
        """Return a schedule by id."""
        query = select(SCHEDULES).where(SCHEDULES.c.number == parse_id(_NAME, schedule_id))
        found = await self._schedules(query)
        return found[0] if found else None

    async def list(self) -> Sequence[RunbookSchedule]:
        """Return those that are not ended, the one that begins first first."""
        going = select(SCHEDULES).where(SCHEDULES.c.next.is_not(None))
        return await self._schedules(going.order_by(SCHEDULES.c.next, SCHEDULES.c.number))

    async def due(self, now: datetime, *, limit: int = 50) -> Sequence[RunbookSchedule]:
        """Return those whose moment has come."""
        query = select(SCHEDULES).where(SCHEDULES.c.next <= now)
        return await self._schedules(query.order_by(SCHEDULES.c.next).limit(limit))

    async def _schedules(self, query: Select[Any]) -> Sequence[RunbookSchedule]:
        def read(connection: Connection) -> Sequence[RunbookSchedule]:
            return [_schedule(row) for row in connection.execute(query)]

        return await self._database.read(read)


def _schedule(row: Row[Any]) -> RunbookSchedule:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("number")
    return RunbookSchedule(id=format_id(_NAME, number), **values)
