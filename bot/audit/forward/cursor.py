"""How far a receiver has the log: kept in the database, moved by one replica at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, Connection, String, column, insert, select, table, update
from sqlalchemy.exc import IntegrityError

from bot.audit import record
from bot.storage.database import Database

_FORWARD: Final = table(
    "audit_forward",
    column("target", String),
    column("seq", BigInteger),
    column("holder", String),
    column("until", BigInteger),
)


@dataclass(frozen=True)
class Cursor:
    """The place of one receiver, as one replica sees it."""

    database: Database
    target: str
    holder: str

    async def take(self, now: datetime, lease: timedelta) -> int | None:
        """Return the last event that the receiver has, and hold its place for a while.

        None where another replica holds it. Raises StoreFailed.
        """
        return await self.database.write(lambda connection: self._take(connection, now, lease))

    async def move(self, seq: int) -> bool:
        """Note that the receiver has everything up to `seq`; False where another took over."""
        moved = update(_FORWARD).where(
            _FORWARD.c.target == self.target, _FORWARD.c.holder == self.holder
        )
        return await self.database.write(
            lambda connection: connection.execute(moved.values(seq=seq)).rowcount == 1
        )

    async def leave(self) -> None:
        """Let another replica go on at once."""
        left = update(_FORWARD).where(
            _FORWARD.c.target == self.target, _FORWARD.c.holder == self.holder
        )
        await self.database.write(lambda connection: connection.execute(left.values(until=0)))

    async def read(self) -> int:
        """Return the last event that the receiver has."""
        query = select(_FORWARD.c.seq).where(_FORWARD.c.target == self.target)
        return await self.database.read(lambda connection: connection.execute(query).scalar() or 0)

    def _take(self, connection: Connection, now: datetime, lease: timedelta) -> int | None:
        mine = {"holder": self.holder, "until": record.microseconds(now + lease)}
        free = (_FORWARD.c.holder == self.holder) | (_FORWARD.c.until < record.microseconds(now))
        taken = update(_FORWARD).where(_FORWARD.c.target == self.target, free)
        if connection.execute(taken.values(mine)).rowcount == 0:
            try:
                with connection.begin_nested():
                    first = insert(_FORWARD).values(target=self.target, seq=0, **mine)
                    connection.execute(first)
            except IntegrityError:
                return None
        query = select(_FORWARD.c.seq).where(_FORWARD.c.target == self.target)
        return int(connection.execute(query).scalar_one())
