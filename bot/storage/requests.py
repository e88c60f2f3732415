"""Requests that wait for approval; implements `bot.stores.Requests`.

A request ends exactly once: the check of its state and the change are one UPDATE, so that it
holds between replicas too. Once its time is over it cannot be decided any more, swept or not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from bot.errors import Conflict
from bot.model import Approval, Reason, Request, RequestState
from bot.moments import at_time
from bot.storage.database import Database, sql
from bot.storage.inserts import insert_new
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import APPROVALS, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from bot.ports import Effect, Transaction

_NAME: Final = "REQ"
_DECIDED: Final = {
    RequestState.REJECTED: ("was rejected", Reason.REJECTED),
    RequestState.CANCELLED: ("was cancelled", Reason.CANCELLED),
    RequestState.SUPERSEDED: ("was superseded", Reason.SUPERSEDED),
}


class SqlRequests:
    """One row for each request; nothing runs for it while it waits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, request: Request) -> Effect[Request]:
        """Keep a new request under the next REQ-n (the id given is ignored)."""
        if request.state is not RequestState.PENDING or request.approvals:
            raise ValueError("a new request is pending and has no approvals")

        def effect(tx: Transaction) -> Request:
            number = next_number(sql(tx), _NAME)
            sql(tx).execute(insert(REQUESTS).values(number=number, **_columns(request)))
            return replace(request, id=format_id(_NAME, number))

        return effect

    def approve(self, request_id: str, digest: str, approval: Approval) -> Effect[Request]:
        """Add one human's approval; `Conflict` says why it does not count."""

        def effect(tx: Transaction) -> Request:
            # Locked until we commit: whoever would end the request waits, or has and we see it.
            request = _read(sql(tx), request_id, lock=True)
            _refuse_ended(request, approval.at)
            if digest != request.digest:
                raise Conflict(
                    f"{request_id} is not what this approval was for: it was proposed anew; "
                    f"look at it again and decide then",
                    reason=Reason.SUPERSEDED,
                )
            if not _count(sql(tx), request, approval):
                raise Conflict(
                    f"{approval.person} has approved {request_id} already; one person counts once",
                    reason=Reason.DUPLICATE,
                )
            others = [one for one in request.approvals if one.person != approval.person]
            return replace(request, approvals=(*others, approval))

        return effect

    def end(
        self, request_id: str, state: RequestState, *, by: str, at: datetime, why: str = ""
    ) -> Effect[Request]:
        """End a pending request, exactly once; `Conflict` says how it had ended."""
        if state is RequestState.PENDING:
            raise ValueError("pending is not an end")
        expiring = state is RequestState.EXPIRED
        in_time = REQUESTS.c.expires <= at if expiring else REQUESTS.c.expires > at

        def effect(tx: Transaction) -> Request:
            pending = (
                REQUESTS.c.number == parse_id(_NAME, request_id),
                REQUESTS.c.state == RequestState.PENDING,
                in_time,
            )
            decision = {"state": state, "decided_by": by, "decided_at": at, "why": why}
            ended = sql(tx).execute(update(REQUESTS).where(*pending).values(**decision)).rowcount
            request = _read(sql(tx), request_id)
            if not ended:
                _refuse_ended(request, at)
                when = at_time(request.expires)
                raise Conflict(f"{request_id} expires {when}; it can still be decided")
            return request

        return effect

    def still(self, request_id: str, at: datetime) -> Effect[Request]:
        """Return a request that waits, locked until the caller's transaction is over."""

        def effect(tx: Transaction) -> Request:
            request = _read(sql(tx), request_id, lock=True)
            _refuse_ended(request, at)
            return request

        return effect

    async def show(self, request_id: str) -> Request | None:
        """Return a request by id."""
        number = parse_id(_NAME, request_id)
        one = select(REQUESTS).where(REQUESTS.c.number == number)
        found = await self._database.read(lambda connection: _requests(connection, one))
        return found[0] if found else None

    async def pending(self, *, requester: str = "", limit: int = 100) -> Sequence[Request]:
        """Return what waits, newest first."""
        waiting = select(REQUESTS).where(REQUESTS.c.state == RequestState.PENDING)
        if requester:
            waiting = waiting.where(REQUESTS.c.requester == requester)
        newest = waiting.order_by(REQUESTS.c.number.desc()).limit(limit)
        return await self._database.read(lambda connection: _requests(connection, newest))

    async def due(self, now: datetime, *, limit: int = 100) -> Sequence[str]:
        """Return the ids of pending requests whose time is over, the longest over first."""
        over = (
            select(REQUESTS.c.number)
            .where(REQUESTS.c.state == RequestState.PENDING, REQUESTS.c.expires <= now)
            .order_by(REQUESTS.c.expires)
            .limit(limit)
        )
        numbers = await self._database.read(lambda connection: connection.scalars(over).all())
        return [format_id(_NAME, number) for number in numbers]


def _count(connection: Connection, request: Request, approval: Approval) -> bool:
    """Keep an approval; a signed one takes the place of the same person's unsigned one."""
    number, given = parse_id(_NAME, request.id), vars(approval)
    if insert_new(connection, APPROVALS, request=number, **given):
        return True
    earlier = next(one for one in request.approvals if one.person == approval.person)
    if earlier.is_signed or not approval.is_signed:
        return False
    mine = APPROVALS.c.request == number, APPROVALS.c.person == approval.person
    connection.execute(update(APPROVALS).where(*mine).values(**given))
    return True


def _refuse_ended(request: Request, at: datetime) -> None:
    """Raise the `Conflict` that says how the request ended, if it has."""
    again = f"ask again with a new {request.proposal.command}"
    when = at_time(request.decided_at)
    if request.state is RequestState.APPROVED:
        text = f"{request.id} was approved {when}; there is nothing left to decide"
        raise Conflict(text, reason=Reason.DUPLICATE)
    if request.state in _DECIDED:
        said, reason = _DECIDED[request.state]
        by = f" by {request.decided_by}" if request.decided_by else ""
        why = f": {request.why}" if request.why else ""
        raise Conflict(f"{request.id} {said}{by} {when}{why}; {again}", reason=reason)
    if request.state is RequestState.EXPIRED or request.expires <= at:
        over = at_time(request.expires)
        raise Conflict(
            f"{request.id} expired {over} and was not run; {again}", reason=Reason.EXPIRED
        )


def _read(connection: Connection, request_id: str, *, lock: bool = False) -> Request:
    one = select(REQUESTS).where(REQUESTS.c.number == parse_id(_NAME, request_id))
    found = _requests(connection, one.with_for_update() if lock else one)
    if not found:
        raise Conflict(f"there is no request {request_id}", reason=Reason.NOT_FOUND)
    return found[0]


def _requests(connection: Connection, query: Select[Any]) -> list[Request]:
    rows = connection.execute(query).all()
    approvals: dict[int, list[Approval]] = {row.number: [] for row in rows}
    given = select(APPROVALS).where(APPROVALS.c.request.in_(approvals))
    for row in connection.execute(given.order_by(APPROVALS.c.at, APPROVALS.c.person)):
        values = dict(row._mapping)  # noqa: SLF001 - as below
        approvals[values.pop("request")].append(Approval(**values))
    return [_request(row, approvals[row.number]) for row in rows]


def _request(row: Row[Any], approvals: Sequence[Approval]) -> Request:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("number")
    return Request(id=format_id(_NAME, number), approvals=tuple(approvals), **values)


def _columns(request: Request) -> dict[str, object]:
    values = dict(vars(request))
    del values["id"], values["approvals"]
    return values
