"""Review tasks: numbered, opened once for each thing, closed once, and never by their subject."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import NewTask, Reason, Task, TaskKind
from bot.storage.database import Database
from bot.storage.tasks import SqlTasks
from tests.databases import NOON, FixedClock
from tests.storage.test_migrations import check

GLASS = NewTask(
    kind=TaskKind.BREAK_GLASS_REVIEW,
    about="BG-1",
    subject="commander",
    due=NOON + timedelta(days=2),
    service="lab-results",
    correlation="c-1",
)
CHANGE = replace(
    GLASS,
    kind=TaskKind.EMERGENCY_CHANGE_REVIEW,
    about="CHG-4",
    subject="engineer",
    due=NOON + timedelta(days=1),
)
LATER = NOON + timedelta(hours=3)


@pytest.fixture
def tasks(database: Database) -> SqlTasks:
    return SqlTasks(database, FixedClock())


def closing(tasks: SqlTasks, task_id: str, by: str) -> Task:
    """Close a task now, in a transaction of its own."""
    database = tasks._database
    return database.write_now(tasks.close(task_id, by=by, findings="it was right", at=LATER))


async def test_the_tables_are_the_declared_ones(database: Database) -> None:
    assert database.read_now(check) == "No new upgrade operations detected.\n"


async def test_tasks_are_numbered_and_read_back_as_they_were(
    database: Database, tasks: SqlTasks
) -> None:
    first = await database.write(tasks.open(GLASS))
    assert first == Task(id="TASK-1", opened=NOON, **vars(GLASS))
    assert await tasks.show("TASK-1") == first
    assert await tasks.show("TASK-2") is None


async def test_a_task_is_opened_once_for_what_it_is_about(
    database: Database, tasks: SqlTasks
) -> None:
    opened = await asyncio.gather(*(database.write(tasks.open(GLASS)) for _ in range(4)))
    assert {task.id for task in opened} == {"TASK-1"}
    other = await database.write(tasks.open(CHANGE))
    assert other.id == "TASK-2"


async def test_tasks_are_listed_with_the_one_due_first_first(
    database: Database, tasks: SqlTasks
) -> None:
    await database.write(tasks.open(GLASS))
    await database.write(tasks.open(CHANGE))
    assert [task.id for task in await tasks.list()] == ["TASK-2", "TASK-1"]
    assert [t.id for t in await tasks.list(kind=TaskKind.BREAK_GLASS_REVIEW)] == ["TASK-1"]
    assert [task.id for task in await tasks.list(subject="engineer")] == ["TASK-2"]
    assert [task.id for task in await tasks.list(about="BG-1")] == ["TASK-1"]
    assert [task.id for task in await tasks.list(limit=1)] == ["TASK-2"]


async def test_a_task_is_closed_once_by_somebody_else(database: Database, tasks: SqlTasks) -> None:
    await database.write(tasks.open(GLASS))
    with pytest.raises(Conflict, match="somebody else") as own:
        closing(tasks, "TASK-1", "commander")
    assert own.value.reason is Reason.NOT_AUTHORISED
    closed = closing(tasks, "TASK-1", "security-officer")
    assert (closed.closed, closed.closed_by) == (LATER, "security-officer")
    assert closed.findings == "it was right"
    with pytest.raises(Conflict, match="closed by security-officer") as again:
        closing(tasks, "TASK-1", "safety-officer")
    assert again.value.reason is Reason.DUPLICATE
    assert await tasks.list() == []
    assert [task.id for task in await tasks.list(open_only=False)] == ["TASK-1"]


async def test_a_task_that_is_not_there_is_not_closed(tasks: SqlTasks) -> None:
    with pytest.raises(Conflict, match="there is no task TASK-9") as missing:
        closing(tasks, "TASK-9", "security-officer")
    assert missing.value.reason is Reason.NOT_FOUND


async def test_a_late_task_is_told_of_once(database: Database, tasks: SqlTasks) -> None:
    await database.write(tasks.open(GLASS))
    await database.write(tasks.open(CHANGE))
    assert await tasks.late(NOON) == []
    late = CHANGE.due + timedelta(minutes=1)
    assert [task.id for task in await tasks.late(late)] == ["TASK-2"]
    await database.write(tasks.told("TASK-2", late))
    assert await tasks.late(late) == []
    with pytest.raises(Conflict):
        await database.write(tasks.told("TASK-2", late))


async def test_who_still_has_a_review_open_is_seen_inside_a_transaction(
    database: Database, tasks: SqlTasks
) -> None:
    waiting = tasks.waiting(TaskKind.BREAK_GLASS_REVIEW, "commander")
    assert await database.write(waiting) is None
    await database.write(tasks.open(GLASS))
    found = await database.write(waiting)
    assert found is not None
    assert found.id == "TASK-1"
    closing(tasks, "TASK-1", "security-officer")
    assert await database.write(waiting) is None
