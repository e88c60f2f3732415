"""Runs of runbooks: numbered, kept whole, and moved by one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import Conflict
from bot.model import Account, Place, Reason, StepState
from bot.model.runs import Act, RunbookRun, RunState, StepResult
from bot.storage.database import Database
from bot.storage.runs import SqlRuns
from tests.databases import NOON
from tests.storage.test_migrations import check

NEW = RunbookRun(
    id="",
    runbook="late-results",
    digest="ab" * 32,
    text="name: late-results\nsummary: über 'alles'\n",
    values={"service": "portal"},
    person="engineer",
    account=Account("slack", "U0001", "T0001"),
    place=Place("slack", "C1", "1.2"),
    correlation="c-1",
    begun=NOON,
    changed=NOON,
)
RESULT = StepResult("build", StepState.DONE, "green", "engineer", NOON, {"state": "green"})


async def test_the_tables_are_the_declared_ones(database: Database) -> None:
    assert database.read_now(check) == "No new upgrade operations detected.\n"


async def test_a_run_is_kept_whole_and_moves_once_from_where_it_was_read(
    database: Database,
) -> None:
    runs = SqlRuns(database)
    opened = database.write_now(runs.open(NEW))
    assert await runs.show("RUN-1") == opened == replace(NEW, id="RUN-1")
    moved = database.write_now(runs.put(replace(opened, at=1, results=(RESULT,))))
    assert await runs.show("RUN-1") == moved
    assert (moved.moves, moved.results) == (1, (RESULT,))
    with pytest.raises(Conflict) as conflict:
        database.write_now(runs.put(replace(opened, at=2)))
    assert conflict.value.reason is Reason.SUPERSEDED
    assert await runs.show("RUN-1") == moved
    assert await runs.show("RUN-2") is None


async def test_late_is_what_waits_past_its_time_and_open_is_what_is_not_over(
    database: Database,
) -> None:
    runs = SqlRuns(database)
    due = NOON + timedelta(minutes=30)
    waiting = replace(NEW, state=RunState.WAITING, due=due)
    for new in (waiting, replace(waiting, due=None), replace(NEW, state=RunState.ENDED)):
        database.write_now(runs.open(new))
    assert await runs.late(due - timedelta(seconds=1)) == []
    assert [run.id for run in await runs.late(due)] == ["RUN-1"]
    assert [run.id for run in await runs.list()] == ["RUN-2", "RUN-1"]
    assert [run.id for run in await runs.list(open_only=False)] == ["RUN-3", "RUN-2", "RUN-1"]


async def test_of_two_runs_one_acts_on_a_target_until_it_has_come_to_something(
    database: Database,
) -> None:
    runs = SqlRuns(database)
    act = Act(line="ci run portal 1", delivery="RUN-1:a:0", target="portal", by="a", since=NOON)
    first, second = (database.write_now(runs.open(NEW)) for _ in range(2))
    first = database.write_now(runs.put(replace(first, act=act, state=RunState.PENDING)))
    assert await runs.show("RUN-1") == first
    with pytest.raises(Conflict) as conflict:
        database.write_now(runs.put(replace(second, act=act)))
    assert conflict.value.reason is Reason.LOCKED
    assert "RUN-1 of engineer acts on portal now: ci run portal 1" in conflict.value.text
    assert [run.id for run in await runs.pending()] == ["RUN-1"]
    assert await runs.pending("RUN-1") == []
    database.write_now(runs.put(replace(first, act=None, state=RunState.ENDED)))
    assert database.write_now(runs.put(replace(second, act=act))).act == act
