"""The history of deploys; implements `bot.stores.DeployStore`.

A deploy holds the lock of its environment (`bot/storage/locks.py`) until it ends; an unknown one
holds it until a human has settled what happened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from bot.errors import Conflict
from bot.model import Deploy, DeployState, Reason
from bot.moments import at_time
from bot.storage.database import Database, sql
from bot.storage.locks import (
    free_of_deploy,
    held_by_deploy,
    require_held,
    take_for_deploy,
)
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import DEPLOYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from bot.model import Batch, Step
    from bot.ports import Effect, Transaction

_NAME: Final = "DEP"
_OPEN: Final = (DeployState.STARTED, DeployState.UNKNOWN)


class SqlDeploys:
    """One row for each deploy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, deploy: Deploy) -> Effect[Deploy]:
        """Keep a deploy under the next DEP-n and take its lock; idempotent by its request."""
        if deploy.state is not DeployState.STARTED:
            raise ValueError("a new deploy is started")

        def effect(tx: Transaction) -> Deploy:
            # Counting first: whoever opens one at the same time waits, so the look is not stale.
            number = next_number(sql(tx), _NAME)
            known = _of_request(sql(tx), deploy.request)
            if known is not None:
                return known
            under = take_for_deploy(sql(tx), deploy, number)
            opened = replace(deploy, id=format_id(_NAME, number), under_lock=under)
            values = {**vars(opened), "number": number}
            del values["id"]
            sql(tx).execute(insert(DEPLOYS).values(**values))
            return opened

        return effect

    def note(
        self,
        deploy_id: str,
        *,
        steps: Sequence[Step] | None = None,
        build: str | None = None,
        replaced: str | None = None,
        change: str | None = None,
        batches: Sequence[Batch] | None = None,
    ) -> Effect[Deploy]:
        """Write down progress; None leaves a field as it is. `Conflict` when there is no such."""
        given = {
            "steps": None if steps is None else tuple(steps),
            "build": build,
            "replaced": replaced,
            "change": change,
            "batches": None if batches is None else tuple(batches),
        }
        values = {name: value for name, value in given.items() if value is not None}

        def effect(tx: Transaction) -> Deploy:
            if values:
                sql(tx).execute(update(DEPLOYS).where(_is(deploy_id)).values(**values))
            return _read(sql(tx), deploy_id)

        return effect

    def end(
        self, deploy_id: str, state: DeployState, *, outcome: str, at: datetime
    ) -> Effect[Deploy]:
        """End a deploy once and release its lock; UNKNOWN keeps the lock until settled."""
        if state is DeployState.STARTED:
            raise ValueError("started is not an end")
        settled = state is not DeployState.UNKNOWN
        # What is unknown may be settled; it does not become unknown again.
        from_states = _OPEN if settled else (DeployState.STARTED,)

        def effect(tx: Transaction) -> Deploy:
            can_end = _is(deploy_id), DEPLOYS.c.state.in_(from_states)
            values = {"state": state, "outcome": outcome, "finished": at if settled else None}
            ended = sql(tx).execute(update(DEPLOYS).where(*can_end).values(**values)).rowcount
            deploy = _read(sql(tx), deploy_id)
            if not ended:
                raise Conflict(_say_ended(deploy), reason=Reason.DUPLICATE)
            if settled:
                free_of_deploy(sql(tx), parse_id(_NAME, deploy_id))
            return deploy

        return effect

    def holding(self, deploy_id: str) -> Effect[None]:
        """Refuse, with `Conflict(reason=LOCKED)`, what a deploy does without its environment."""
        return lambda tx: require_held(sql(tx), deploy_id)

    async def show(self, deploy_id: str) -> Deploy | None:
        """Return a deploy by id."""
        found = await self._read(select(DEPLOYS).where(_is(deploy_id)))
        return found[0] if found else None

    async def list(
        self, *, service: str = "", environment: str = "", running: bool = False, limit: int = 20
    ) -> Sequence[Deploy]:
        """Return deploys, newest first; `running` leaves out those that ended."""
        query = select(DEPLOYS)
        if service:
            query = query.where(DEPLOYS.c.service == service)
        if environment:
            query = query.where(DEPLOYS.c.environment == environment)
        if running:
            query = query.where(DEPLOYS.c.state.in_(_OPEN))
        return await self._read(query.order_by(DEPLOYS.c.number.desc()).limit(limit))

    async def holder(self, service: str, environment: str) -> str:
        """Return the deploy that holds the lock, or ""."""
        lock = held_by_deploy(service, environment)
        number = await self._database.read(lambda connection: connection.scalar(lock))
        return "" if number is None else format_id(_NAME, number)

    async def _read(self, query: Select[Any]) -> Sequence[Deploy]:
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_deploy(row) for row in rows]


def _say_ended(deploy: Deploy) -> str:
    if deploy.state is DeployState.UNKNOWN:
        return f"{deploy.id} is unknown already; say whether it succeeded, failed or was stopped"
    when = at_time(deploy.finished)
    return f"{deploy.id} ended {when} as {deploy.state}: {deploy.outcome}"


def _of_request(connection: Connection, request: str) -> Deploy | None:
    if not request:
        return None
    one = select(DEPLOYS).where(DEPLOYS.c.request == request)
    row = connection.execute(one).one_or_none()
    return None if row is None else _deploy(row)


def _is(deploy_id: str) -> ColumnElement[bool]:
    return DEPLOYS.c.number == parse_id(_NAME, deploy_id)


def _read(connection: Connection, deploy_id: str) -> Deploy:
    row = connection.execute(select(DEPLOYS).where(_is(deploy_id))).one_or_none()
    if row is None:
        raise Conflict(f"there is no deploy {deploy_id}", reason=Reason.NOT_FOUND)
    return _deploy(row)


def _deploy(row: Row[Any]) -> Deploy:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("number")
    return Deploy(id=format_id(_NAME, number), **values)
