"""The locks: one row for each environment of a service that somebody holds.

The key is the service and environment, so of many who want it at once, on however many replicas,
the database lets one have it. A person's lock and a deploy are two parts of that one row: the
owner of a lock can deploy under it, and their lock is still there when the deploy has ended.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, or_, select, update

from bot.errors import Conflict
from bot.model import Deploy, DeployState, Lock, Reason
from bot.moments import at_time, written
from bot.storage.database import Database, sql
from bot.storage.inserts import insert_new
from bot.storage.numbers import format_id, parse_id
from bot.storage.tables import DEPLOYS, LOCKS
from bot.stores.locks import LEASE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from bot.ports import Effect, Transaction

_NAME: Final = "DEP"
_NOBODY: Final = {"person": "", "reason": "", "since": None, "until": None}
_UNUSED: Final = {"deploy": 0, "lease": None}


class SqlLocks:
    """What people and deploys hold; implements `bot.stores.Locks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, lock: Lock) -> Effect[Lock]:
        """Hold an environment for a person, or hold it on until another time."""
        if not lock.person or lock.since is None or lock.until is None or lock.deploy:
            raise ValueError("a person's lock has a person, a beginning and an end")
        there = _at(lock.service, lock.environment)
        person = {name: getattr(lock, name) for name in _NOBODY}
        theirs = select(DEPLOYS.c.number).where(DEPLOYS.c.requester == lock.person)
        nobody_else = or_(LOCKS.c.person.in_(("", lock.person)), LOCKS.c.until <= lock.since)
        can_have = and_(nobody_else, or_(LOCKS.c.deploy == 0, LOCKS.c.deploy.in_(theirs)))

        def effect(tx: Transaction) -> Lock:
            target = {"service": lock.service, "environment": lock.environment}
            if insert_new(sql(tx), LOCKS, **target, **person, **_UNUSED):
                return lock
            taking = update(LOCKS).where(there, can_have).values(**person)
            if not sql(tx).execute(taking).rowcount:
                raise _say_locked(sql(tx), lock.service, lock.environment)
            return lock

        return effect

    def release(self, lock: Lock) -> Effect[Lock]:
        """End a person's lock as it was read."""
        as_read = and_(
            _at(lock.service, lock.environment),
            LOCKS.c.person == lock.person,
            LOCKS.c.since == lock.since,
            LOCKS.c.until == lock.until,
        )

        def effect(tx: Transaction) -> Lock:
            if not sql(tx).execute(update(LOCKS).where(as_read).values(**_NOBODY)).rowcount:
                raise Conflict(
                    f"That lock of {lock.environment} of {lock.service} is not there any more: "
                    "`lock list` shows what is.",
                    reason=Reason.NOT_FOUND,
                )
            _forget_unheld(sql(tx))
            return lock

        return effect

    async def renew(self, deploys: Collection[str], until: datetime) -> None:
        """Answer for deploys that go on; not audited, it happens every few seconds."""
        numbers = [number for each in deploys if (number := parse_id(_NAME, each))]
        mine = LOCKS.c.deploy.in_(numbers)
        renewing = update(LOCKS).where(mine).values(lease=until)
        if numbers:
            await self._database.write(lambda tx: tx.execute(renewing))

    async def held(self, service: str, environment: str) -> Lock | None:
        """Return who holds an environment, expired or not, or None."""
        found = await self._read(select(LOCKS).where(_at(service, environment)))
        return found[0] if found else None

    async def list(self, *, service: str = "") -> Sequence[Lock]:
        """Return everything that is held, expired or not, by service and environment."""
        query = select(LOCKS).order_by(LOCKS.c.service, LOCKS.c.environment)
        return await self._read(query.where(LOCKS.c.service == service) if service else query)

    async def expired(self, at: datetime) -> Sequence[Lock]:
        """Return people's locks whose time is over."""
        return await self._read(select(LOCKS).where(LOCKS.c.person != "", LOCKS.c.until <= at))

    async def lapsed(self, at: datetime) -> Sequence[str]:
        """Return the deploys that are under way and that no replica has answered for in time."""
        late = or_(LOCKS.c.lease.is_(None), LOCKS.c.lease <= at)
        under_way = and_(DEPLOYS.c.number == LOCKS.c.deploy, DEPLOYS.c.state == DeployState.STARTED)
        query = select(LOCKS.c.deploy).where(late, under_way).order_by(LOCKS.c.deploy)
        numbers = await self._database.read(lambda tx: tx.scalars(query).all())
        return [format_id(_NAME, number) for number in numbers]

    async def _read(self, query: Select[Any]) -> Sequence[Lock]:
        rows = await self._database.read(lambda tx: tx.execute(query).all())
        return [_lock(row) for row in rows]


def take_for_deploy(
    connection: Connection, deploy: Deploy, number: int, *, at: datetime | None = None
) -> str:
    """Have a deploy hold its environment; return whose lock it runs under, "" for none.

    `Conflict(reason=LOCKED)` names who holds it. A lock of the deploy's own requester lets it
    pass: they keep the others out. An expired one is none, even before that was recorded. `at` is
    when it begins, where that is not when it was opened.
    """
    begun = at or deploy.created
    use = {"deploy": number, "lease": begun + LEASE}
    target = {"service": deploy.service, "environment": deploy.environment}
    if insert_new(connection, LOCKS, **target, **use, **_NOBODY):
        return ""
    there = _at(deploy.service, deploy.environment)
    nobody_else = or_(LOCKS.c.person.in_(("", deploy.requester)), LOCKS.c.until <= begun)
    taking = update(LOCKS).where(there, LOCKS.c.deploy == 0, nobody_else).values(**use)
    if not connection.execute(taking).rowcount:
        raise _say_locked(connection, deploy.service, deploy.environment)
    lock = _lock(connection.execute(select(LOCKS).where(there)).one())
    person = lock.person_at(begun)
    return f"{person}'s, until {written(lock.until)}" if person and lock.until else ""


def require_held(connection: Connection, deploy_id: str) -> None:
    """Refuse where a deploy is not under way any more, or has lost its environment."""
    there = and_(LOCKS.c.deploy == DEPLOYS.c.number, DEPLOYS.c.state == DeployState.STARTED)
    query = select(DEPLOYS.c.number).where(DEPLOYS.c.number == parse_id(_NAME, deploy_id), there)
    if connection.execute(query).first() is None:
        raise Conflict(
            f"{deploy_id} was settled without its flow, so it starts nothing any more",
            reason=Reason.LOCKED,
        )


def free_of_deploy(connection: Connection, number: int | None) -> None:
    """Free what a deploy holds; a person's lock stays."""
    if number:
        connection.execute(update(LOCKS).where(LOCKS.c.deploy == number).values(**_UNUSED))
        _forget_unheld(connection)


def held_by_deploy(service: str, environment: str) -> Select[Any]:
    """Ask for the number of the deploy that holds an environment."""
    return select(LOCKS.c.deploy).where(_at(service, environment), LOCKS.c.deploy != 0)


def _forget_unheld(connection: Connection) -> None:
    connection.execute(delete(LOCKS).where(LOCKS.c.deploy == 0, LOCKS.c.person == ""))


def _at(service: str, environment: str) -> ColumnElement[bool]:
    return and_(LOCKS.c.service == service, LOCKS.c.environment == environment)


def _lock(row: Row[Any]) -> Lock:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("deploy")
    return replace(Lock(**values), deploy=format_id(_NAME, number) if number else "")


def _say_locked(connection: Connection, service: str, environment: str) -> Conflict:
    row = connection.execute(select(LOCKS).where(_at(service, environment))).one_or_none()
    # None: it was freed just now, on another replica; refusing is still right, and safe.
    if row is None:
        text = f"somebody else holds {service} in {environment}; ask again in a moment"
    elif row.deploy:
        one = select(DEPLOYS).where(DEPLOYS.c.number == row.deploy)
        text = (
            f"{_say_deploy(connection.execute(one).one())} holds {service} in {environment}; one "
            "deploy at a time: wait for it, or settle it first"
        )
    else:
        text = (
            f"{row.person} has locked {environment} of {service} until {written(row.until)}; "
            f"`lock list` says why. Ask {row.person}, or wait."
        )
    return Conflict(text, reason=Reason.LOCKED)


def _say_deploy(deploy: Row[Any]) -> str:
    unsure = " and its outcome is unknown" if deploy.state is DeployState.UNKNOWN else ""
    begun = f"begun {at_time(deploy.created)}{unsure}"
    name = format_id(_NAME, deploy.number)
    return f"{name} ({deploy.version}, asked for by {deploy.requester}, {begun})"
