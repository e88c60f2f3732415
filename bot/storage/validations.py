"""Deploys that wait for their clinical validator; implements `bot.stores.Validations`.

They are rows, not something that sleeps: a kill loses none, and any replica may end them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, update

from bot.errors import Conflict
from bot.model import Deploy, DeployState, Reason
from bot.storage.database import Database, sql
from bot.storage.locks import free_of_deploy
from bot.storage.numbers import format_id, parse_id
from bot.storage.tables import DEPLOYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from bot.ports import Effect, Transaction

_NAME: Final = "DEP"
_WAITING: Final = (DeployState.VALIDATING,)
_OPEN: Final = (DeployState.VALIDATING, DeployState.NOT_VALIDATED)


class SqlValidations:
    """Moves the row of a deploy from one state to the next, once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, deploy_id: str, until: datetime, *, outcome: str) -> Effect[Deploy]:
        """Let a deploy wait until a moment; it goes on holding its lock."""
        values = {
            "state": DeployState.VALIDATING,
            "validate_until": until,
            "outcome": outcome,
        }

        def effect(tx: Transaction) -> Deploy:
            return _moved(sql(tx), deploy_id, (DeployState.STARTED,), values)

        return effect

    def lapse(self, deploy_id: str, *, outcome: str) -> Effect[Deploy]:
        """End the wait without an answer, and free the lock."""
        values = {"state": DeployState.NOT_VALIDATED, "outcome": outcome}

        def effect(tx: Transaction) -> Deploy:
            deploy = _moved(sql(tx), deploy_id, _WAITING, values)
            free_of_deploy(sql(tx), parse_id(_NAME, deploy_id))
            return deploy

        return effect

    def answer(
        self, deploy_id: str, *, is_good: bool, by: str, said: str, outcome: str, at: datetime
    ) -> Effect[Deploy]:
        """End a deploy by an answer, and free its lock."""
        values = {
            "state": DeployState.SUCCEEDED if is_good else DeployState.FAILED,
            "validated_by": by,
            "validated": at,
            "validation": said,
            "outcome": outcome,
            "finished": at,
        }

        def effect(tx: Transaction) -> Deploy:
            deploy = _moved(sql(tx), deploy_id, _OPEN, values)
            free_of_deploy(sql(tx), parse_id(_NAME, deploy_id))
            return deploy

        return effect

    def give_way(self, deploy_id: str, *, outcome: str, at: datetime) -> Effect[Deploy | None]:
        """End a deploy that waits as failed, and free its lock for what takes its place."""
        values = {"state": DeployState.FAILED, "outcome": outcome, "finished": at}

        def effect(tx: Transaction) -> Deploy | None:
            try:
                deploy = _moved(sql(tx), deploy_id, _OPEN, values)
            except Conflict:
                return None
            free_of_deploy(sql(tx), parse_id(_NAME, deploy_id))
            return deploy

        return effect

    async def due(self, at: datetime) -> Sequence[str]:
        """Return the deploys whose time to be validated is over, oldest first."""
        is_due = DEPLOYS.c.state.in_(_WAITING), DEPLOYS.c.validate_until <= at
        return await self._numbers(*is_due)

    async def unanswered(self) -> Sequence[str]:
        """Return the deploys that nobody validated, oldest first."""
        return await self._numbers(DEPLOYS.c.state == DeployState.NOT_VALIDATED)

    async def _numbers(self, *where: ColumnElement[bool]) -> Sequence[str]:
        query = select(DEPLOYS.c.number).where(*where).order_by(DEPLOYS.c.number)
        numbers = await self._database.read(lambda tx: tx.scalars(query).all())
        return [format_id(_NAME, number) for number in numbers]


def _moved(
    connection: Connection,
    deploy_id: str,
    states: Sequence[DeployState],
    values: dict[str, Any],
) -> Deploy:
    mine = DEPLOYS.c.number == parse_id(_NAME, deploy_id)
    moving = update(DEPLOYS).where(mine, DEPLOYS.c.state.in_(states)).values(**values)
    moved = connection.execute(moving).rowcount
    row = connection.execute(select(DEPLOYS).where(mine)).one_or_none()
    if row is None:
        raise Conflict(f"there is no deploy {deploy_id}", reason=Reason.NOT_FOUND)
    known = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    deploy = Deploy(id=format_id(_NAME, known.pop("number")), **known)
    if not moved:
        raise Conflict(
            f"{deploy.id} is {deploy.state.value.replace('_', ' ')}, so there is nothing to "
            "validate any more",
            reason=Reason.DUPLICATE,
        )
    return deploy
