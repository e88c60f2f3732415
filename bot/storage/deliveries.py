"""Deliveries that were seen; implements `bot.stores.Deliveries`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select

from bot.errors import Conflict
from bot.model import Reason
from bot.ports import Batched
from bot.storage.database import Database, driver, sql
from bot.storage.tables import DELIVERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.ports import Effect, Transaction

# One statement for all of them, in the driver's own words: each more is a pause in which the rest
# of the process waits for the log's writer.
_CLAIM: Final = (
    "INSERT INTO deliveries (key, at, answer) VALUES {rows} ON CONFLICT DO NOTHING RETURNING key"
)
_ANSWER: Final = (
    "WITH said(key, answer) AS (VALUES {rows}) UPDATE deliveries SET answer = said.answer "
    "FROM said WHERE deliveries.key = said.key AND deliveries.answer IS NULL"
)


@dataclass(frozen=True)
class _Delivery:
    """A claim, when it has a time; the first answer to an earlier claim, when it has none."""

    key: str
    at: datetime | None
    answer: str | None


class SqlDeliveries:
    """One row for each delivery; the key is what makes a second claim fail."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, key: str, at: datetime, answer: str | None = None) -> Effect[None]:
        """Claim a delivery; `Conflict(reason=DUPLICATE)` when somebody has it already."""
        return Batched(_Delivery(key, at, answer), _keep)

    def answer(self, key: str, answer: str) -> Effect[None]:
        """Keep the first answer beside its claim; a later one is dropped."""
        return Batched(_Delivery(key, None, answer), _keep)

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


def _keep(tx: Transaction, deliveries: Sequence[_Delivery]) -> list[Exception | None]:
    """Claim what nobody has, then keep the answers to earlier claims."""
    connection = sql(tx)
    first: dict[str, _Delivery] = {}
    for delivery in deliveries:
        if delivery.at is not None:
            first.setdefault(delivery.key, delivery)
    new = _claim(connection, list(first.values())) if first else set()
    said = {d.key: d.answer for d in deliveries if d.at is None}
    if said:
        _answer(connection, said)
    return [
        None
        if delivery.at is None or (delivery.key in new and first[delivery.key] is delivery)
        else Conflict("this was received already", reason=Reason.DUPLICATE)
        for delivery in deliveries
    ]


def _claim(connection: Connection, claims: Sequence[_Delivery]) -> set[str]:
    """Insert what is not there yet; return the keys that were inserted."""
    at = _at(connection)
    rows = [(claim.key, at(claim.at), claim.answer) for claim in claims]
    return {key for (key,) in _run(connection, _CLAIM, rows)}


def _answer(connection: Connection, said: Mapping[str, str | None]) -> None:
    _run(connection, _ANSWER, list(said.items()))


def _run(connection: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> Any:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    row = f"({', '.join([mark] * len(rows[0]))})"
    return driver(connection).execute(
        statement.format(rows=", ".join([row] * len(rows))), tuple(chain.from_iterable(rows))
    )


def _at(connection: Connection) -> Callable[[object], object]:
    """Return what makes a time one of this column, as SQLAlchemy would."""
    dialect = connection.dialect
    return DELIVERIES.c.at.type.dialect_impl(dialect).bind_processor(dialect) or (lambda at: at)
