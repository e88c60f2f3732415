"""The history of deploys; implements `bot.stores.DeployStore`.

A deploy holds the lock of its environment (`bot/storage/locks.py`) until it ends; an unknown one
holds it until a human has settled what happened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from bot.errors import Conflict
from bot.model import Deploy, DeployState, Reason, Wish
from bot.moments import at_time
from bot.storage.database import Database, sql
from bot.storage.locks import (
    free_of_deploy,
    held_by_deploy,
    require_held,
    take_for_deploy,
)
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.running import running
from bot.storage.tables import DEPLOYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from bot.model import Batch, Running, Step
    from bot.ports import Effect, Transaction

_NAME: Final = "DEP"
_LOOK_BACK: Final = 500  # deploys of a service that are read to say which version is where
_OPEN: Final = (DeployState.STARTED, DeployState.VALIDATING, DeployState.UNKNOWN)


class SqlDeploys:
    """One row for each deploy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, deploy: Deploy) -> Effect[Deploy]:
        """Keep a deploy under the next DEP-n; idempotent by its request.

        One that starts at once takes its lock, one that is scheduled does when it begins.
        """
        if deploy.state not in (DeployState.STARTED, DeployState.SCHEDULED):
            raise ValueError("a new deploy is started or scheduled")

        def effect(tx: Transaction) -> Deploy:
            # Counting first: whoever opens one at the same time waits, so the look is not stale.
            number = next_number(sql(tx), _NAME)
            known = _of_request(sql(tx), deploy.request)
            if known is not None:
                return known
            starts = deploy.state is DeployState.STARTED
            under = take_for_deploy(sql(tx), deploy, number) if starts else ""
            opened = replace(deploy, id=format_id(_NAME, number), under_lock=under)
            values = {**vars(opened), "number": number}
            del values["id"]
            sql(tx).execute(insert(DEPLOYS).values(**values))
            return opened

        return effect

    def begin(self, deploy_id: str, at: datetime) -> Effect[Deploy]:
        """Start a scheduled deploy and take its lock; `Conflict` where somebody was first."""
        started = {"state": DeployState.STARTED}

        def effect(tx: Transaction) -> Deploy:
            deploy = _change(sql(tx), deploy_id, DeployState.SCHEDULED, started)
            number = parse_id(_NAME, deploy_id) or 0
            under = take_for_deploy(sql(tx), deploy, number, at=at)
            if under:
                held = update(DEPLOYS).where(_is(deploy_id)).values(under_lock=under)
                sql(tx).execute(held)
            return replace(deploy, under_lock=under)

        return effect

    def call_off(
        self, deploy_id: str, stop: Reason, *, outcome: str, at: datetime
    ) -> Effect[Deploy]:
        """Stop a deploy that is still scheduled; `Conflict` where it has begun or ended."""
        state = DeployState.STOPPED
        values = {"state": state, "stop": stop, "outcome": outcome, "finished": at}
        return lambda tx: _change(sql(tx), deploy_id, DeployState.SCHEDULED, values)

    def wish(self, deploy_id: str, wish: Wish, *, by: str, why: str) -> Effect[Deploy]:
        """Write down what somebody asks of a deploy that runs; an abort is not taken back."""
        values = {"wish": wish, "wish_by": by, "wish_why": why}

        def effect(tx: Transaction) -> Deploy:
            is_free = DEPLOYS.c.wish != Wish.ABORT
            return _change(sql(tx), deploy_id, DeployState.STARTED, values, is_free)

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
        self,
        deploy_id: str,
        state: DeployState,
        *,
        outcome: str,
        at: datetime,
        stop: Reason | None = None,
    ) -> Effect[Deploy]:
        """End a deploy once and release its lock; UNKNOWN keeps the lock until settled."""
        if state is DeployState.STARTED:
            raise ValueError("started is not an end")
        settled = state is not DeployState.UNKNOWN
        # What is unknown may be settled; it does not become unknown again.
        from_states = _OPEN if settled else (DeployState.STARTED,)

        def effect(tx: Transaction) -> Deploy:
            can_end = _is(deploy_id), DEPLOYS.c.state.in_(from_states)
            values = {
                "state": state,
                "outcome": outcome,
                "finished": at if settled else None,
                "stop": stop,
            }
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

    async def due(self, at: datetime) -> Sequence[str]:
        """Return the scheduled deploys whose moment has come, the first planned first."""
        is_due = DEPLOYS.c.state == DeployState.SCHEDULED, DEPLOYS.c.planned <= at
        query = select(DEPLOYS).where(*is_due).order_by(DEPLOYS.c.planned, DEPLOYS.c.number)
        return [deploy.id for deploy in await self._read(query)]

    async def where(self, service: str, environment: str = "") -> Sequence[Running]:
        """Return which version is where, as far as deploys from here say."""
        known = await self.list(service=service, environment=environment, limit=_LOOK_BACK)
        return running(known)

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


def _change(
    connection: Connection,
    deploy_id: str,
    state: DeployState,
    values: Mapping[str, object],
    *also: ColumnElement[bool],
) -> Deploy:
    """Change a deploy that is in a state; `Conflict` says where it stands otherwise."""
    there = _is(deploy_id), DEPLOYS.c.state == state, *also
    changed = connection.execute(update(DEPLOYS).where(*there).values(**values)).rowcount
    deploy = _read(connection, deploy_id)
    if changed:
        return deploy
    if deploy.wish is Wish.ABORT and deploy.state is DeployState.STARTED:
        said = f"{deploy.id} was aborted by {deploy.wish_by}; it ends as soon as its job has"
    elif deploy.finished is not None:
        said = _say_ended(deploy)
    else:
        said = f"{deploy.id} is {deploy.state}"
    raise Conflict(said, reason=Reason.DUPLICATE)


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
