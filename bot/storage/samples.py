"""What probes have found; implements `bot.stores.samples`.

A sample is a measurement and no action: it is written without an audit event.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Column, Index, Integer, Text, delete, func, or_, select, update
from sqlmodel import Field

from bot.errors import Conflict
from bot.model import Standing
from bot.model.samples import Sample, Watched
from bot.storage.codec import Codec
from bot.storage.columns import Encoded, Utc, Word
from bot.storage.database import Database, sql
from bot.storage.inserts import insert_new
from bot.storage.tables import METADATA, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from bot.ports import Effect, Transaction

_WELL: Final = Standing.PASSED  # what was never asked, so that the first to fail is news
_NOT_MOVED: Final = frozenset({"endpoint", "asked", "told"})
_FIGURES: Final = Codec("sample's figures", TypeAdapter(dict[str, str]))


def _column(kind: Any, *, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=False, primary_key=key))


class SampleRow(Store, table=True):
    """One finding of one endpoint."""

    __tablename__ = "probe_samples"
    __table_args__ = (Index("ix_probe_samples_at", "at"),)
    endpoint: str = _column(Text, key=True)
    at: datetime = _column(Utc, key=True)
    standing: Standing = _column(Word(Standing))
    milliseconds: int = _column(Integer)
    why: str = _column(Text)
    figures: Mapping[str, str] = _column(Encoded(_FIGURES))


class WatchedRow(Store, table=True):
    """How the sampler has one endpoint stand."""

    __tablename__ = "probe_standings"
    endpoint: str = _column(Text, key=True)
    asked: datetime = _column(Utc)
    standing: Standing = _column(Word(Standing))
    since: datetime = _column(Utc)
    before: datetime = _column(Utc)
    next: Standing = _column(Word(Standing))
    next_at: datetime = _column(Utc)
    times: int = _column(Integer)
    told: Standing = _column(Word(Standing))
    why: str = _column(Text)


SAMPLES: Final = METADATA.tables["probe_samples"]
WATCHED: Final = METADATA.tables["probe_standings"]


class SqlSamples:
    """The samples of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, sample: Sample) -> None:
        """Keep a sample; of two of one endpoint at one moment, the first."""
        values = {**vars(sample), "figures": dict(sample.figures)}
        await self._database.write(lambda connection: insert_new(connection, SAMPLES, **values))

    async def between(
        self, endpoint: str, spans: Sequence[tuple[datetime, datetime]], *, limit: int = 20_000
    ) -> Sequence[Sample]:
        """Return an endpoint's samples of some spans of time, oldest first."""
        at = SAMPLES.c.at
        within = or_(*((at >= begin) & (at < end) for begin, end in spans))
        query = select(SAMPLES).where(SAMPLES.c.endpoint == endpoint, within)
        newest = query.order_by(at.desc()).limit(limit)

        def read(connection: Connection) -> list[Sample]:
            return [Sample(**row) for row in connection.execute(newest).mappings()]

        return list(reversed(await self._database.read(read)))

    async def first(self, endpoint: str) -> datetime | None:
        """Return when an endpoint's oldest sample was taken."""
        query = select(func.min(SAMPLES.c.at)).where(SAMPLES.c.endpoint == endpoint)
        found = await self._database.read(lambda connection: connection.execute(query).scalar())
        return found if isinstance(found, datetime) else None

    async def forget(self, before: datetime) -> int:
        """Delete what is older; return how many."""
        old = delete(SAMPLES).where(SAMPLES.c.at < before)
        return await self._database.write(lambda connection: connection.execute(old).rowcount)


class SqlWatching:
    """How the endpoints of one database stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, endpoint: str, now: datetime, before: datetime) -> Watched | None:
        """Take an endpoint that nobody has asked since `before`; None where somebody has."""
        new = Watched(endpoint, now, _WELL, now, now, _WELL, now, 0, _WELL)
        mine = WATCHED.c.endpoint == endpoint
        taken = update(WATCHED).where(mine, WATCHED.c.asked <= before).values(asked=now)

        def write(connection: Connection) -> Watched | None:
            if insert_new(connection, WATCHED, **vars(new)):
                return new
            if not connection.execute(taken).rowcount:
                return None
            return Watched(**connection.execute(select(WATCHED).where(mine)).mappings().one())

        return await self._database.write(write)

    async def put(self, moved: Watched) -> bool:
        """Keep how it stands now; False where somebody else has claimed it since."""
        values = {name: value for name, value in vars(moved).items() if name not in _NOT_MOVED}
        mine = WATCHED.c.endpoint == moved.endpoint, WATCHED.c.asked == moved.asked
        done = update(WATCHED).where(*mine).values(**values)
        return await self._database.write(
            lambda connection: bool(connection.execute(done).rowcount)
        )

    async def untold(self) -> Sequence[Watched]:
        """Return what stands otherwise than was told."""
        query = select(WATCHED).where(WATCHED.c.standing != WATCHED.c.told)
        ordered = query.order_by(WATCHED.c.endpoint)

        def read(connection: Connection) -> list[Watched]:
            return [Watched(**row) for row in connection.execute(ordered).mappings()]

        return await self._database.read(read)

    def tell(self, endpoint: str, was: Standing, standing: Standing) -> Effect[None]:
        """Note what is told in the transaction that says it; `Conflict` where it was told."""
        mine = WATCHED.c.endpoint == endpoint, WATCHED.c.told == was
        noted = update(WATCHED).where(*mine, WATCHED.c.standing == standing).values(told=standing)

        def effect(tx: Transaction) -> None:
            if not sql(tx).execute(noted).rowcount:
                raise Conflict(f"it was told already how {endpoint} stands")

        return effect
