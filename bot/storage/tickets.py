"""How far a vendor's tickets have come; implements `bot.stores.Tickets`.

What a ticket should show is the change's own row; a row here only counts its revisions, in the
transaction that changes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Index, Integer, Text, func, insert, or_, select, update
from sqlmodel import Field

from bot.errors import Conflict
from bot.model import ChangeState, TicketApproval, TicketState
from bot.storage.codec import WORDS
from bot.storage.columns import Encoded, Utc, Word
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, parse_id
from bot.storage.tables import CHANGES, METADATA, Store
from bot.stores import Following

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from bot.model import Change
    from bot.ports import Clock, Effect, Transaction

_NAME: Final = "CHG"
_ENDED: Final = (ChangeState.CLOSED, ChangeState.CANCELLED)
_OURS: Final = (
    "change",
    "system",
    "correlation",
    "revision",
    "due",
)  # what a follower does not write


def _column(kind: Any, *, null: bool = False, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null, primary_key=key, autoincrement=False))


class TicketRow(Store, table=True):
    """The ticket of one change; `sent` is NULL until it is asked for."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_correlation", "correlation", unique=True),
        Index("ix_tickets_due", "is_dead", "due"),
    )
    change: int = _column(Integer, key=True)
    system: str = _column(Text)
    correlation: str = _column(Text)
    revision: int = _column(Integer)
    shown: int = _column(Integer)
    number: str = _column(Text)
    url: str = _column(Text)
    state: TicketState = _column(Word(TicketState))
    approval: TicketApproval = _column(Word(TicketApproval))
    conflicts: tuple[str, ...] = _column(Encoded(WORDS))
    sent: datetime | None = _column(Utc, null=True)
    due: datetime = _column(Utc)
    look: datetime = _column(Utc)
    tries: int = _column(Integer)
    since: datetime | None = _column(Utc, null=True)
    trouble: str = _column(Text)
    is_dead: int = _column(Integer)


TICKETS: Final = METADATA.tables["tickets"]
_WAITS: Final = TICKETS.c.shown < TICKETS.c.revision


class SqlTickets:
    """One row for each change that a ticket follows, new ones in `system`."""

    def __init__(self, database: Database, clock: Clock, system: str = "") -> None:
        self._database = database
        self._clock = clock
        self._system = system

    def begin(self, change: Change) -> Effect[None]:
        """Have a ticket follow a change from now on."""

        def effect(tx: Transaction) -> None:
            now = self._clock.now()
            name = _correlation(change)
            fresh = Following(change.number, self._system, name, 1, 0, due=now, look=now)
            sql(tx).execute(insert(TICKETS).values(**_values(fresh)))

        return effect

    def moved(self, change: str) -> Effect[None]:
        """Say that a change changed; nothing where no ticket follows it."""
        fresh = {"tries": 0, "is_dead": 0, "since": None}
        count = update(TICKETS).where(_is(change))
        counted = count.values(revision=TICKETS.c.revision + 1, **fresh)

        def effect(tx: Transaction) -> None:
            sql(tx).execute(counted)

        return effect

    async def of(self, change: str) -> Following | None:
        """Return what is known of a change's ticket; None where no ticket follows it."""
        found = await self._read(select(TICKETS).where(_is(change)))
        return found[0] if found else None

    async def given_up(self) -> Sequence[Following]:
        """Return those that are not tried any more, the oldest change first."""
        dead = self._here(), TICKETS.c.is_dead == 1
        return await self._read(select(TICKETS).where(*dead).order_by(TICKETS.c.change))

    def retry(self, change: str) -> Effect[bool]:
        """Have a ticket tried again now; False where it shows all that it should."""
        again = update(TICKETS).where(_is(change), _WAITS, self._here())
        write = again.values(**_afresh(self._clock.now())).returning(TICKETS.c.change)

        def effect(tx: Transaction) -> bool:
            return sql(tx).execute(write).one_or_none() is not None

        return effect

    async def sooner(self, numbers: Collection[str], now: datetime) -> int:
        """Have those of these tickets that are known read now; return how many they are."""
        ours = self._here(), TICKETS.c.number.in_(numbers), TICKETS.c.number != ""
        write = update(TICKETS).where(*ours).values(look=now)
        return await self._database.write(lambda tx: tx.execute(write).rowcount)

    async def waiting(self, now: datetime, *, limit: int) -> Sequence[Following]:
        """Return those that show less than they should and are due, the longest due first."""
        due = _WAITS, self._here(), TICKETS.c.is_dead == 0, TICKETS.c.due <= now
        return await self._read(
            select(TICKETS).where(*due).order_by(TICKETS.c.due, TICKETS.c.change).limit(limit)
        )

    async def to_read(self, now: datetime, *, limit: int) -> Sequence[Following]:
        """Return those of open changes that are to be read again, the longest unread first."""
        is_free = or_(TICKETS.c.due <= now, TICKETS.c.tries > 0)
        query = (
            select(TICKETS)
            .join(CHANGES, CHANGES.c.number == TICKETS.c.change)
            .where(self._here(), TICKETS.c.number != "", TICKETS.c.look <= now, is_free)
            .where(CHANGES.c.state.not_in(_ENDED))
        )
        return await self._read(query.order_by(TICKETS.c.look, TICKETS.c.change).limit(limit))

    async def take(self, row: Following, until: datetime) -> Following | None:
        """Claim a row until then; None when another replica has it."""
        claim = update(TICKETS).where(*_still(row)).values(due=until).returning(TICKETS)

        def write(tx: Connection) -> Following | None:
            found = tx.execute(claim).one_or_none()
            return None if found is None else _following(found)

        return await self._database.write(write)

    async def save(self, row: Following, due: datetime) -> Following | None:
        """Write a claimed row; None when it was not ours any more."""
        try:
            return await self._database.write(self.note(row, due))
        except Conflict:
            return None

    def note(self, row: Following, due: datetime) -> Effect[Following]:
        """Do as `save` says, in the caller's transaction; `Conflict` when it is not ours."""
        values = {name: value for name, value in _values(row).items() if name not in _OURS}
        write = update(TICKETS).where(*_still(row)).values(**values, due=due).returning(TICKETS)

        def effect(tx: Transaction) -> Following:
            found = sql(tx).execute(write).one_or_none()
            if found is None:
                raise Conflict(f"another replica has the ticket of {row.change}")
            return _following(found)

        return effect

    async def revive(self, now: datetime) -> None:
        """Have those that were given up tried again."""
        dead = self._here(), TICKETS.c.is_dead == 1
        again = update(TICKETS).where(*dead).values(**_afresh(now))
        await self._database.write(lambda tx: tx.execute(again))

    async def count(self) -> tuple[int, int]:
        """Return how many show less than they should, and how many of them were given up."""
        counted = func.count(), func.coalesce(func.sum(TICKETS.c.is_dead), 0)
        query = select(*counted).where(_WAITS, self._here())
        row = await self._database.read(lambda tx: tx.execute(query).one())
        return int(row[0]), int(row[1])

    def _here(self) -> ColumnElement[bool]:
        """Say which rows are of the system that we have now: another one's are left alone."""
        return TICKETS.c.system == self._system

    async def _read(self, query: Select[Any]) -> Sequence[Following]:
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_following(row) for row in rows]


def _correlation(change: Change) -> str:
    """Return the id by which a ticket is found again: made by us, before anything is sent.

    Unique beyond this database: a fresh one counts from CHG-1 again, and must not take a ticket
    of an earlier life for its own.
    """
    exact = f"{change.number} {change.opened.isoformat()} {change.correlation}"
    return f"wardroom-{change.number.lower()}-{hashlib.sha256(exact.encode()).hexdigest()[:16]}"


def _afresh(now: datetime) -> dict[str, object]:
    return {"is_dead": 0, "tries": 0, "since": None, "due": now}


def _is(change: str) -> ColumnElement[bool]:
    return TICKETS.c.change == parse_id(_NAME, change)


def _still(row: Following) -> tuple[ColumnElement[bool], ...]:
    return _is(row.change), TICKETS.c.due == row.due


def _values(row: Following) -> dict[str, object]:
    return {**vars(row), "change": parse_id(_NAME, row.change), "is_dead": int(row.is_dead)}


def _following(row: Row[Any]) -> Following:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    found = Following(**{**values, "change": format_id(_NAME, values["change"])})
    return replace(found, is_dead=bool(found.is_dead))
