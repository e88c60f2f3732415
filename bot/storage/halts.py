"""Stop-all, as it is now and as it was; implements `bot.stores.HaltStore`.

Nothing is remembered between two questions: every replica reads the one answer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Index, Integer, Text, insert, select, update
from sqlmodel import Field

from bot.errors import Conflict
from bot.model import Reason
from bot.ports.control import Halt
from bot.storage.codec import WORDS
from bot.storage.columns import Encoded, Utc
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import METADATA, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row, Select

    from bot.ports import Effect, Transaction

_NAME: Final = "HALT"


def _column(kind: Any, *, null: bool = False, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null, primary_key=key, autoincrement=False))


class HaltRow(Store, table=True):
    """A time in which everything stands still; `lifted` is NULL until it goes on."""

    __tablename__ = "halts"
    __table_args__ = (Index("ix_halts_lifted", "lifted"),)
    number: int = _column(Integer, key=True)
    since: datetime = _column(Utc)
    by: tuple[str, ...] = _column(Encoded(WORDS))
    reason: str = _column(Text)
    request: str = _column(Text)
    lifted: datetime | None = _column(Utc, null=True)
    lifted_by: tuple[str, ...] = _column(Encoded(WORDS))
    lifted_why: str = _column(Text)


HALTS: Final = METADATA.tables["halts"]


class SqlHalts:
    """One row for each halt; at most one of them is in force."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, halt: Halt) -> Effect[Halt]:
        """Halt everything under the next HALT-n; `Conflict` where it stands still already."""

        def effect(tx: Transaction) -> Halt:
            # Counted first: whoever stops everything at the same time waits for us there.
            number = next_number(sql(tx), _NAME)
            found = _halts(sql(tx), _in_force())
            if found:
                raise Conflict(
                    f"everything stands still already, by {found[0].id}", reason=Reason.DUPLICATE
                )
            kept = replace(halt, id=format_id(_NAME, number))
            values = {**vars(kept), "number": number}
            del values["id"]
            sql(tx).execute(insert(HALTS).values(**values))
            return kept

        return effect

    def lift(self, halt_id: str, *, by: Sequence[str], why: str, at: datetime) -> Effect[Halt]:
        """Let everything go on; `Conflict` where that halt is not in force."""
        values = {"lifted": at, "lifted_by": tuple(by), "lifted_why": why}
        is_it = HALTS.c.number == parse_id(_NAME, halt_id)

        def effect(tx: Transaction) -> Halt:
            open_ = is_it, HALTS.c.lifted.is_(None)
            if not sql(tx).execute(update(HALTS).where(*open_).values(**values)).rowcount:
                raise Conflict(f"{halt_id} is not in force", reason=Reason.DUPLICATE)
            return _halts(sql(tx), select(HALTS).where(is_it))[0]

        return effect

    async def current(self) -> Halt | None:
        """Return the halt in force, or None; `StoreFailed` where that cannot be told."""
        found = await self._database.read(lambda connection: _halts(connection, _in_force()))
        return found[0] if found else None


def _in_force() -> Select[Any]:
    return select(HALTS).where(HALTS.c.lifted.is_(None)).order_by(HALTS.c.number)


def _halts(connection: Connection, query: Select[Any]) -> Sequence[Halt]:
    return [_halt(row) for row in connection.execute(query)]


def _halt(row: Row[Any]) -> Halt:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("number")
    return Halt(id=format_id(_NAME, number), **values)
