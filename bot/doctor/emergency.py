"""Break-glass and stop-all: whether they could be used tonight, and what is still open of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from bot.dispatch.authorise import Policies
from bot.doctor.database import opened
from bot.doctor.finding import Finding, ok, skip, warn
from bot.errors import WardroomError
from bot.moments import written
from bot.storage.database import DRIVER_ERRORS
from bot.storage.halts import HALTS
from bot.storage.tasks import TASKS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.doctor.case import Case

GLASS, STOP, REVIEWS = "break-glass", "stop-all", "reviews"
FEWEST = 2
"""People who have to be there to stop everything."""


async def look(case: Case) -> list[Finding]:
    """Look at the channels and roles that an emergency needs, then at what is open."""
    return [*await asyncio.to_thread(_roles, case), *await asyncio.to_thread(_open, case)]


def _roles(case: Case) -> list[Finding]:
    if isinstance(case.people, WardroomError):
        return [skip(GLASS, "the people file cannot be read", "mend the people file first")]
    try:
        policies = Policies(tuple(case.commands), case.settings.policies)
    except WardroomError:
        return [skip(GLASS, "the policies cannot be read", "mend the policies first")]
    people = case.people.people()
    may_break = [one.id for one in people if policies.holds(one, "break_glass")]
    may_stop = [one.id for one in people if policies.holds(one, "stop_confirmer")]
    return [_glass(case, may_break), _stop(may_stop)]


def _glass(case: Case, who: list[str]) -> Finding:
    if not who:
        return ok(GLASS, "nobody holds the role break_glass, so nobody can use it")
    named = ", ".join(who)
    if "security" not in case.settings.channels:
        mend = "set channels: {security: slack:C...} in the settings"
        if case.settings.is_sandbox:
            return ok(GLASS, f"{named} may; no security channel is needed in a sandbox")
        return warn(GLASS, f"{named} could not use it: there is no security channel", mend)
    silent = [] if isinstance(case.estate, WardroomError) else case.estate.services()
    without = ", ".join(one.id for one in silent if not one.channels)
    if without and not case.settings.is_sandbox:
        mend = "give each service channels in the services file"
        return warn(GLASS, f"{named} could not use it on {without}: no channel of its owner", mend)
    return ok(GLASS, f"{named} may, and it is told in {case.settings.channels['security']}")


def _stop(who: list[str]) -> Finding:
    if len(who) < FEWEST:
        mend = "give a second person the role incident_commander or security_officer"
        named = ", ".join(who) or "nobody"
        return warn(STOP, f"only {named} can confirm it, and it takes two people", mend)
    return ok(STOP, f"{', '.join(who)} can confirm it")


def _open(case: Case) -> list[Finding]:
    try:
        with opened(case) as database:
            return database.read_now(lambda connection: _state(connection, case))
    except (WardroomError, SQLAlchemyError, *DRIVER_ERRORS):
        return [skip(REVIEWS, "the database cannot be read", "mend the database first")]


def _state(connection: Connection, case: Case) -> list[Finding]:
    found = []
    for halt in connection.execute(HALTS.select().where(HALTS.c.lifted.is_(None))):
        text = f"EVERYTHING IS STOPPED since {written(halt.since)} by {', '.join(halt.by)}"
        found.append(warn(STOP, text, "two people type: stop-all lift --reason ..."))
    waiting = TASKS.select().where(TASKS.c.closed.is_(None)).order_by(TASKS.c.due)
    tasks = connection.execute(waiting).all()
    late = [f"TASK-{task.number}" for task in tasks if task.due < case.clock.now()]
    if late:
        text = f"{', '.join(late)} of {len(tasks)} open reviews are late"
        return [*found, warn(REVIEWS, text, f"type: task close {late[0]} --findings ...")]
    return [*found, ok(REVIEWS, f"{len(tasks)} are open, none is late")]
