"""Runs of scripts: numbered, begun once, ended once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import Conflict
from bot.model import Place, Reason
from bot.model.scripts import ScriptRun, ScriptState
from bot.storage.database import Database
from bot.storage.scripts import SqlScriptRuns
from tests.databases import NOON

NEW = ScriptRun(
    id="",
    script="restart-router",
    digest="ab" * 32,
    given={"site": "über 'north'"},
    shown="/opt/restart 'north'",
    host="router (ssh)",
    service="portal",
    environment="test",
    person="engineer",
    reason="no link",
    place=Place("slack", "C1", "1.2"),
    correlation="c-1",
    request="REQ-1",
    asked=NOON,
)


async def test_a_run_is_begun_once_and_ended_once(database: Database) -> None:
    runs = SqlScriptRuns(database)
    opened = database.write_now(runs.open(NEW))
    assert await runs.show("SCR-1") == opened == replace(NEW, id="SCR-1")
    begun = database.write_now(runs.begin("SCR-1", NOON))
    assert begun == replace(opened, state=ScriptState.RUNNING, begun=NOON)
    with pytest.raises(Conflict) as again:
        database.write_now(runs.begin("SCR-1", NOON))
    assert again.value.reason is Reason.SUPERSEDED
    stopped = database.write_now(runs.stop("SCR-1", by="commander", why="wrong site"))
    over = replace(
        stopped, state=ScriptState.STOPPED, ended=NOON, exit_code=-9, output="x", is_cut=True
    )
    assert database.write_now(runs.end(over)) == over == await runs.show("SCR-1")
    with pytest.raises(Conflict):
        database.write_now(runs.end(replace(over, state=ScriptState.UNKNOWN)))
    with pytest.raises(Conflict):
        database.write_now(runs.stop("SCR-1", by="engineer", why="again"))
    database.write_now(runs.open(NEW))
    assert [run.id for run in await runs.list()] == ["SCR-2"]
    assert [run.id for run in await runs.list(open_only=False)] == ["SCR-2", "SCR-1"]
    assert await runs.show("SCR-9") is None
