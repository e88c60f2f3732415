"""The built-in change register (ITIL); implements `bot.ports.ChangeTickets`.

::

    new ── request ──> awaiting_approval ── approvers ──> scheduled ── deploy ──> implement
     │  (a standard change is authorised beforehand: it opens as scheduled)          │
     └── closed as not implemented ──> cancelled          closed otherwise ──> closed

Links only move a change forward; it closes once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from bot.errors import BadInput, Conflict
from bot.model import Change, ChangeResult, ChangeState, ChangeType, NewChange, Reason
from bot.moments import at_time
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import CHANGES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from bot.ports import Clock, Effect, Transaction
    from bot.stores import Tickets

_NAME: Final = "CHG"
_WINDOW: Final = timedelta(hours=4)
_OPEN: Final = (
    ChangeState.NEW,
    ChangeState.AWAITING_APPROVAL,
    ChangeState.SCHEDULED,
    ChangeState.IMPLEMENT,
)


class ChangeRegister:
    """One row for each change; times come from `clock`.

    Where there are `tickets`, what happens to a change is counted there in the same transaction.
    """

    def __init__(self, database: Database, clock: Clock, tickets: Tickets | None = None) -> None:
        self._database = database
        self._clock = clock
        self._tickets = tickets

    def open(self, new: NewChange) -> Effect[Change]:
        """Open a change, idempotent by correlation; the window is four hours unless it is given.

        `BadInput` at once where the window ends before it starts.
        """
        wanted = _draw_up(new, self._clock.now())

        def effect(tx: Transaction) -> Change:
            known = _of_correlation(sql(tx), new.correlation)
            if known is not None:
                return known  # without counting: an auditor asks about every gap
            # Looked again once counted: whoever opens one at the same time waits for us there.
            number = next_number(sql(tx), _NAME)
            known = _of_correlation(sql(tx), new.correlation)
            if known is not None:
                return known
            values = {**vars(wanted), "number": number}
            sql(tx).execute(insert(CHANGES).values(**values))
            opened = replace(wanted, number=format_id(_NAME, number))
            if self._tickets is not None:
                self._tickets.begin(opened)(tx)
            return opened

        return effect

    def link(
        self, number: str, *, request: str = "", deploy: str = "", approvers: Sequence[str] = ()
    ) -> Effect[Change]:
        """Add links to the request, the deploy and who approved; moves the change forward."""

        def effect(tx: Transaction) -> Change:
            change = _read(sql(tx), number, lock=True)
            if change.state not in _OPEN:
                raise Conflict(_say_ended(change), reason=Reason.CHANGE_REQUIRED)
            linked = replace(
                change,
                request=request or change.request,
                deploy=deploy or change.deploy,
                approvers=tuple(dict.fromkeys([*change.approvers, *approvers])),
            )
            linked = replace(linked, state=_state_of(linked))
            values = {**vars(linked), "number": parse_id(_NAME, number)}
            sql(tx).execute(update(CHANGES).where(_is(number)).values(**values))
            self._moved(tx, number)
            return linked

        return effect

    def remark(self, number: str, note: str) -> Effect[Change | None]:
        """Note something on an open change; None where it is closed."""

        def effect(tx: Transaction) -> Change | None:
            is_open = _is(number), CHANGES.c.state.in_(_OPEN)
            noting = update(CHANGES).where(*is_open).values(close_note=note)
            if not sql(tx).execute(noting).rowcount:
                return None
            self._moved(tx, number)
            return _read(sql(tx), number)

        return effect

    def close(self, number: str, result: ChangeResult, note: str) -> Effect[Change]:
        """Close a change with its result; `Conflict` when it is closed already."""

        def effect(tx: Transaction) -> Change:
            now = self._clock.now()
            change = _read(sql(tx), number, lock=True)
            begun = change.state is ChangeState.IMPLEMENT
            cancels = result is ChangeResult.NOT_IMPLEMENTED and not begun
            state = ChangeState.CANCELLED if cancels else ChangeState.CLOSED
            values = {"state": state, "result": result, "close_note": note, "closed": now}
            is_open = _is(number), CHANGES.c.state.in_(_OPEN)
            if not sql(tx).execute(update(CHANGES).where(*is_open).values(**values)).rowcount:
                raise Conflict(_say_ended(change), reason=Reason.DUPLICATE)
            self._moved(tx, number)
            return replace(change, state=state, result=result, close_note=note, closed=now)

        return effect

    async def show(self, number: str) -> Change | None:
        """Return a change by number."""
        found = await self._read(select(CHANGES).where(_is(number)))
        return found[0] if found else None

    async def list(
        self, *, service: str = "", open_only: bool = True, limit: int = 20
    ) -> Sequence[Change]:
        """Return changes, newest first."""
        query = select(CHANGES)
        if service:
            query = query.where(CHANGES.c.service == service)
        if open_only:
            query = query.where(CHANGES.c.state.in_(_OPEN))
        return await self._read(query.order_by(CHANGES.c.number.desc()).limit(limit))

    async def overlapping(
        self, start: datetime, end: datetime, *, services: Collection[str] = ()
    ) -> Sequence[Change]:
        """Return the changes whose window meets another one, in the order in which they begin."""
        meets = CHANGES.c.window_start < end, CHANGES.c.window_end > start
        query = select(CHANGES).where(*meets)
        if services:
            query = query.where(CHANGES.c.service.in_(sorted(services)))
        return await self._read(query.order_by(CHANGES.c.window_start, CHANGES.c.number))

    def _moved(self, tx: Transaction, number: str) -> None:
        if self._tickets is not None:
            self._tickets.moved(number)(tx)

    async def _read(self, query: Select[Any]) -> Sequence[Change]:
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return [_change(row) for row in rows]


def _draw_up(new: NewChange, now: datetime) -> Change:
    start = new.window_start or now
    end = new.window_end or start + _WINDOW
    if end <= start:
        raise BadInput("the change's window ends before it starts; give a later end")
    values = {**vars(new), "window_start": start, "window_end": end}
    standard = new.type is ChangeType.STANDARD
    state = ChangeState.SCHEDULED if standard else ChangeState.NEW
    return Change(number="", state=state, opened=now, **values)


def _state_of(change: Change) -> ChangeState:
    """Return how far a change is by what it is linked to, never further back than it is."""
    reached = [change.state]
    if change.request:
        reached.append(ChangeState.AWAITING_APPROVAL)
    if change.approvers:
        reached.append(ChangeState.SCHEDULED)
    if change.deploy:
        reached.append(ChangeState.IMPLEMENT)
    return max(reached, key=_OPEN.index)


def _say_ended(change: Change) -> str:
    said = "was cancelled" if change.state is ChangeState.CANCELLED else "was closed"
    result = f" as {change.result.replace('_', ' ')}" if change.result else ""
    note = f": {change.close_note}" if change.close_note else ""
    return f"{change.number} {said} {at_time(change.closed)}{result}{note}"


def _of_correlation(connection: Connection, correlation: str) -> Change | None:
    if not correlation:
        return None
    one = select(CHANGES).where(CHANGES.c.correlation == correlation)
    row = connection.execute(one).one_or_none()
    return None if row is None else _change(row)


def _is(number: str) -> ColumnElement[bool]:
    return CHANGES.c.number == parse_id(_NAME, number)


def _read(connection: Connection, number: str, *, lock: bool = False) -> Change:
    one = select(CHANGES).where(_is(number))
    row = connection.execute(one.with_for_update() if lock else one).one_or_none()
    if row is None:
        raise Conflict(f"there is no change {number}", reason=Reason.NOT_FOUND)
    return _change(row)


def _change(row: Row[Any]) -> Change:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    values["number"] = format_id(_NAME, values["number"])
    return Change(**values)
