"""Signings that are under way; implements `bot.stores.Signings`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Index, Integer, Text, delete, insert, select, update
from sqlmodel import Field

from bot.model import Signing, SigningStage
from bot.storage.columns import Utc, Word
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, parse_id
from bot.storage.tables import METADATA, Store

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

    from bot.ports import Effect, Transaction

_REQUEST: Final = "REQ"
_MOVING: Final = ("stage", "browser", "subject", "signed_in")


def _column(kind: Any, *, null: bool = False, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null, primary_key=key))


class SigningRow(Store, table=True):
    """A signature that is asked for; `link` and `browser` are hashes."""

    __tablename__ = "signings"
    __table_args__ = (
        Index("ix_signings_browser", "browser"),
        Index("ix_signings_request", "request", "person"),
    )
    link: str = _column(Text, key=True)
    person: str = _column(Text)
    name: str = _column(Text)
    meaning: str = _column(Text)
    request: int = _column(Integer)
    digest: str = _column(Text)
    asked: datetime = _column(Utc)
    expires: datetime = _column(Utc)
    correlation: str = _column(Text)
    stage: SigningStage = _column(Word(SigningStage))
    browser: str = _column(Text)
    subject: str = _column(Text)
    signed_in: datetime | None = _column(Utc, null=True)


SIGNINGS: Final = METADATA.tables["signings"]


class SqlSignings:
    """A row for each link; nothing runs for it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def offer(self, signing: Signing, *, forget: datetime) -> Effect[None]:
        """Keep a signing in place of the same person's others of the request; forget old ones."""

        def effect(tx: Transaction) -> None:
            row = _columns(signing)
            same = SIGNINGS.c.person == signing.person, SIGNINGS.c.request == row["request"]
            sql(tx).execute(delete(SIGNINGS).where(*same))
            sql(tx).execute(delete(SIGNINGS).where(SIGNINGS.c.expires < forget))
            sql(tx).execute(insert(SIGNINGS).values(**row))

        return effect

    def move(self, before: Signing, after: Signing) -> Effect[bool]:
        """Move one on; False when it is not (or no longer) at the stage that `before` says."""

        def effect(tx: Transaction) -> bool:
            there = SIGNINGS.c.link == before.link, SIGNINGS.c.stage == before.stage
            row = {name: value for name, value in _columns(after).items() if name in _MOVING}
            return sql(tx).execute(update(SIGNINGS).where(*there).values(**row)).rowcount == 1

        return effect

    async def by_link(self, link: str) -> Signing | None:
        """Return a signing by the hash of its link."""
        return await self._one(SIGNINGS.c.link == link)

    async def by_browser(self, browser: str) -> Signing | None:
        """Return a signing by the hash that stands for the browser it is made in."""
        return await self._one(SIGNINGS.c.browser == browser) if browser else None

    async def proved(self, person: str, request: str) -> Signing | None:
        """Return the signing of a request whose person has proved who they are."""
        return await self._one(
            SIGNINGS.c.person == person,
            SIGNINGS.c.request == parse_id(_REQUEST, request),
            SIGNINGS.c.stage == SigningStage.PROVED,
        )

    async def _one(self, *where: ColumnElement[bool]) -> Signing | None:
        def read(connection: Connection) -> Signing | None:
            row = connection.execute(select(SIGNINGS).where(*where)).first()
            return None if row is None else _signing(row)

        return await self._database.read(read)


def _columns(signing: Signing) -> dict[str, Any]:
    return {**vars(signing), "request": parse_id(_REQUEST, signing.request)}


def _signing(row: Row[Any]) -> Signing:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return Signing(**{**values, "request": format_id(_REQUEST, values["request"])})
