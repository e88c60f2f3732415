"""The locks: one row for each environment of a service that somebody holds.

The key is the service and environment, so of many who want it at once, on however many replicas,
the database lets one have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select

from bot.errors import Conflict
from bot.model import DeployState, Reason
from bot.moments import at_time
from bot.storage.inserts import insert_new
from bot.storage.numbers import format_id
from bot.storage.tables import DEPLOYS, LOCKS

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

    from bot.model import Deploy

_NAME: Final = "DEP"


def take_for_deploy(connection: Connection, deploy: Deploy, number: int) -> None:
    """Have a deploy hold its environment; `Conflict(reason=LOCKED)` names who holds it."""
    target = {"service": deploy.service, "environment": deploy.environment}
    if insert_new(connection, LOCKS, deploy=number, **target):
        return
    held = select(LOCKS.c.deploy).filter_by(**target).scalar_subquery()
    row = connection.execute(select(DEPLOYS).where(DEPLOYS.c.number == held)).one_or_none()
    # None: it ended just now, on another replica; refusing is still right, and safe.
    holder = "another deploy" if row is None else _say_holder(row)
    raise Conflict(
        f"{holder} holds {deploy.service} in {deploy.environment}; one deploy at a time: wait "
        "for it, or settle it first",
        reason=Reason.LOCKED,
    )


def free_of_deploy(connection: Connection, number: int | None) -> None:
    """Free what a deploy holds."""
    connection.execute(delete(LOCKS).where(LOCKS.c.deploy == number))


def held_by_deploy(service: str, environment: str) -> Select[Any]:
    """Ask for the number of the deploy that holds an environment."""
    return select(LOCKS.c.deploy).where(
        LOCKS.c.service == service, LOCKS.c.environment == environment
    )


def _say_holder(deploy: Row[Any]) -> str:
    unsure = " and its outcome is unknown" if deploy.state is DeployState.UNKNOWN else ""
    begun = f"begun {at_time(deploy.created)}{unsure}"
    name = format_id(_NAME, deploy.number)
    return f"{name} ({deploy.version}, asked for by {deploy.requester}, {begun})"
