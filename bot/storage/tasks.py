"""Review tasks; implements `bot.stores.Tasks`.

A task closes once, and never by the person whose doing it reviews: both are decided by the
statement that closes it, so that they hold between replicas too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, Index, Integer, Text, insert, select, update
from sqlmodel import Field

from bot.errors import Conflict
from bot.model import NewTask, Reason, Task, TaskKind
from bot.moments import at_time
from bot.storage.columns import Utc, Word
from bot.storage.database import Database, sql
from bot.storage.numbers import format_id, next_number, parse_id
from bot.storage.tables import METADATA, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Select

    from bot.ports import Clock, Effect, Transaction

_NAME: Final = "TASK"


def _column(kind: Any, *, null: bool = False, key: bool = False) -> Any:
    return Field(sa_column=Column(kind, nullable=null, primary_key=key, autoincrement=False))


class TaskRow(Store, table=True):
    """A task; `closed` is NULL while it is open, `told` until its people heard that it is late."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_about", "kind", "about", unique=True),
        Index("ix_tasks_open", "closed", "due"),
    )
    number: int = _column(Integer, key=True)
    kind: TaskKind = _column(Word(TaskKind))
    about: str = _column(Text)
    subject: str = _column(Text)
    due: datetime = _column(Utc)
    opened: datetime = _column(Utc)
    service: str = _column(Text)
    correlation: str = _column(Text)
    closed: datetime | None = _column(Utc, null=True)
    closed_by: str = _column(Text)
    findings: str = _column(Text)
    told: datetime | None = _column(Utc, null=True)


TASKS: Final = METADATA.tables["tasks"]


class SqlTasks:
    """One row for each task; when it was opened comes from `clock`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def open(self, new: NewTask) -> Effect[Task]:
        """Open a task under the next TASK-n; idempotent by kind and what it is about."""
        wanted = Task(id="", opened=self._clock.now(), **vars(new))

        def effect(tx: Transaction) -> Task:
            same = TASKS.c.kind == new.kind, TASKS.c.about == new.about
            known = _first(sql(tx), *same)
            if known is not None:
                return known  # without counting: an auditor asks about every gap
            # Looked again once counted: whoever opens one at the same time waits for us there.
            number = next_number(sql(tx), _NAME)
            known = _first(sql(tx), *same)
            if known is not None:
                return known
            values = {**vars(wanted), "number": number}
            del values["id"]
            sql(tx).execute(insert(TASKS).values(**values))
            return replace(wanted, id=format_id(_NAME, number))

        return effect

    def close(self, task_id: str, *, by: str, findings: str, at: datetime) -> Effect[Task]:
        """Close a task once; `Conflict` where it is closed, or where `by` is its subject."""
        values = {"closed": at, "closed_by": by, "findings": findings}

        def effect(tx: Transaction) -> Task:
            may = _is(task_id), TASKS.c.closed.is_(None), TASKS.c.subject != by
            closed = sql(tx).execute(update(TASKS).where(*may).values(**values)).rowcount
            task = _first(sql(tx), _is(task_id))
            if task is None:
                raise Conflict(f"there is no task {task_id}", reason=Reason.NOT_FOUND)
            if not closed:
                raise _not_closed(task, by)
            return task

        return effect

    def told(self, task_id: str, at: datetime) -> Effect[None]:
        """Note that its people heard that a task is late; `Conflict` where they had, or it ended.

        So that of several replicas one tells them.
        """

        def effect(tx: Transaction) -> None:
            late = _is(task_id), TASKS.c.closed.is_(None), TASKS.c.told.is_(None)
            if not sql(tx).execute(update(TASKS).where(*late).values(told=at)).rowcount:
                raise Conflict(f"{task_id} was told of, or is closed", reason=Reason.DUPLICATE)

        return effect

    def waiting(self, kind: TaskKind, subject: str) -> Effect[Task | None]:
        """Return an open task about somebody's doing as it is in the caller's transaction."""
        mine = TASKS.c.kind == kind, TASKS.c.subject == subject, TASKS.c.closed.is_(None)
        return lambda tx: _first(sql(tx), *mine)

    async def show(self, task_id: str) -> Task | None:
        """Return a task by id."""
        return await self._database.read(lambda connection: _first(connection, _is(task_id)))

    async def list(
        self,
        *,
        kind: TaskKind | None = None,
        subject: str = "",
        about: str = "",
        open_only: bool = True,
        limit: int = 50,
    ) -> Sequence[Task]:
        """Return tasks, the one due first first."""
        query = select(TASKS)
        if kind is not None:
            query = query.where(TASKS.c.kind == kind)
        if subject:
            query = query.where(TASKS.c.subject == subject)
        if about:
            query = query.where(TASKS.c.about == about)
        if open_only:
            query = query.where(TASKS.c.closed.is_(None))
        ordered = query.order_by(TASKS.c.due, TASKS.c.number).limit(limit)
        return await self._database.read(lambda connection: _tasks(connection, ordered))

    async def late(self, now: datetime, *, limit: int = 50) -> Sequence[Task]:
        """Return open tasks past their time of which nobody was told yet."""
        unheard = TASKS.c.closed.is_(None), TASKS.c.told.is_(None), TASKS.c.due < now
        query = select(TASKS).where(*unheard).order_by(TASKS.c.due).limit(limit)
        return await self._database.read(lambda connection: _tasks(connection, query))


def _is(task_id: str) -> ColumnElement[bool]:
    return TASKS.c.number == parse_id(_NAME, task_id)


def _not_closed(task: Task, by: str) -> Conflict:
    if task.closed is None:
        return Conflict(
            f"{task.id} reviews what {by} did, so somebody else must close it",
            reason=Reason.NOT_AUTHORISED,
        )
    return Conflict(
        f"{task.id} was closed by {task.closed_by} {at_time(task.closed)}",
        reason=Reason.DUPLICATE,
    )


def _first(connection: Connection, *where: ColumnElement[bool]) -> Task | None:
    found = _tasks(connection, select(TASKS).where(*where))
    return found[0] if found else None


def _tasks(connection: Connection, query: Select[Any]) -> Sequence[Task]:
    return [_task(row) for row in connection.execute(query)]


def _task(row: Row[Any]) -> Task:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    number = values.pop("number")
    del values["told"]
    return Task(id=format_id(_NAME, number), **values)
