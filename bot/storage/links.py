"""Accounts joined to people by a code; implements `bot.stores.Links`."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from bot.model import Account
from bot.storage.database import Database, sql
from bot.storage.inserts import insert_new
from bot.storage.tables import LINK_CODES, LINK_TRIES, LINKS
from bot.stores import Link, LinkCode

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Table

    from bot.ports import Effect, Transaction

_ACCOUNT: Final = ("platform", "tenant", "user")


class SqlLinks:
    """A row for each linked account; its key is what makes it one person's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[Link]:
        """Return every link."""

        def read(connection: Connection) -> Sequence[Link]:
            rows = connection.execute(select(LINKS).order_by(LINKS.c.at))
            return [Link(_account(row), row.person, row.at, row.by) for row in rows]

        return await self._database.read(read)

    def add(self, link: Link) -> Effect[bool]:
        """Join an account to a person; False when it is joined to somebody already."""

        def effect(tx: Transaction) -> bool:
            given = {"person": link.person, "at": link.at, "by": link.by}
            return insert_new(sql(tx), LINKS, **_columns(link.account), **given)

        return effect

    def remove(self, account: Account) -> Effect[bool]:
        """End a link, and the codes that this account made; False when there was none."""

        def effect(tx: Transaction) -> bool:
            sql(tx).execute(delete(LINK_CODES).where(*_is(LINK_CODES, account)))
            return sql(tx).execute(delete(LINKS).where(*_is(LINKS, account))).rowcount > 0

        return effect

    def offer(self, code: LinkCode, *, forget: datetime) -> Effect[None]:
        """Keep a code in place of the same person's others, and forget old ones."""

        def effect(tx: Transaction) -> None:
            stale = (LINK_CODES.c.person == code.person) | (LINK_CODES.c.expires < forget)
            sql(tx).execute(delete(LINK_CODES).where(stale))
            given = {"person": code.person, "expires": code.expires, "used": int(code.is_used)}
            row = {"hash": code.hash, **_columns(code.maker), **given}
            sql(tx).execute(insert(LINK_CODES).values(**row))

        return effect

    def find(self, hashed: str) -> Effect[LinkCode | None]:
        """Return a code by its hash, used and expired ones too."""

        def effect(tx: Transaction) -> LinkCode | None:
            # Compared here, each of them: how long it takes says nothing about how near it was.
            rows = sql(tx).execute(select(LINK_CODES)).all()
            found = [row for row in rows if hmac.compare_digest(row.hash, hashed)]
            return _code(found[0]) if found else None

        return effect

    def use(self, hashed: str) -> Effect[None]:
        """Mark a code as used."""

        def effect(tx: Transaction) -> None:
            sql(tx).execute(update(LINK_CODES).where(LINK_CODES.c.hash == hashed).values(used=1))

        return effect

    def tries(self, account: Account, since: datetime) -> Effect[Sequence[datetime]]:
        """Return when an account typed wrong codes since a moment; forget what is older."""

        def effect(tx: Transaction) -> Sequence[datetime]:
            sql(tx).execute(delete(LINK_TRIES).where(LINK_TRIES.c.at <= since))
            mine = select(LINK_TRIES.c.at).where(*_is(LINK_TRIES, account))
            return sql(tx).scalars(mine.order_by(LINK_TRIES.c.at)).all()

        return effect

    def add_try(self, account: Account, at: datetime) -> Effect[None]:
        """Note that an account typed a wrong code."""

        def effect(tx: Transaction) -> None:
            highest = select(func.max(LINK_TRIES.c.number)).where(*_is(LINK_TRIES, account))
            number = (sql(tx).scalar(highest) or 0) + 1
            row = {**_columns(account), "number": number, "at": at}
            sql(tx).execute(insert(LINK_TRIES).values(**row))

        return effect


def _columns(account: Account) -> dict[str, str]:
    return {name: getattr(account, name) for name in _ACCOUNT}


def _is(table: Table, account: Account) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in _columns(account).items()]


def _account(row: Row[Any]) -> Account:
    return Account(row.platform, row.user, row.tenant)


def _code(row: Row[Any]) -> LinkCode:
    return LinkCode(row.hash, row.person, _account(row), row.expires, is_used=bool(row.used))
