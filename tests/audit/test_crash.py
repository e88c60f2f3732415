from __future__ import annotations

import asyncio
import contextlib
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from bot.errors import AuditUnavailable
from bot.storage.database import Database
from tests.audit import appender, killed
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log, assert_whole, draft, eventually_appends
from tests.examples import THOROUGH
from tests.forked import fork

# Where PostgreSQL runs there is a process to fork from too, and to load one takes seconds.
pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("postgres")]


def wait_for(actions: Path, lines: int, process: BaseProcess) -> None:
    while not actions.exists() or actions.read_bytes().count(b"\n") < lines:
        assert process.is_alive(), "the appender ended by itself"
        time.sleep(0.01)


async def test_a_killed_process_has_done_nothing_that_is_not_recorded(
    url: str, database: Database, tmp_path: Path, clock: TurnedClock
) -> None:
    actions = tmp_path / "actions"
    for kill in range(1, 3):
        process = fork(appender.append, url, actions)
        wait_for(actions, 50 * kill, process)
        process.kill()
        process.join()
    fields = assert_whole(database)
    done = [line.split() for line in actions.read_text().splitlines()]
    assert len(done) >= 100
    for seq, what in done:
        intent = fields[int(seq) - 1]
        assert (intent["kind"], intent["text"]) == ("intent", what)
    async with a_log(database, clock, replica="next") as log:
        recorded = await log.append(draft())
    assert recorded.event.seq == len(fields) + 1
    assert_whole(database)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_thousand_kills_leave_no_effect_without_a_durable_intent(
    url: str, database: Database, tmp_path: Path
) -> None:
    actions, kills = tmp_path / "actions", 1000 if THOROUGH else 24
    process = fork(killed.kill_often, url, actions, range(kills))
    process.join(600)
    assert process.exitcode == 0
    fields = assert_whole(database)
    done = [line.split(" ", 1) for line in actions.read_text().splitlines()]
    assert len(done) == kills / 4, "one of four gets as far as its action"
    for seq, what in done:
        intent = fields[int(seq) - 1]
        assert (intent["kind"], intent["text"]) == ("intent", what)
    assert len(fields) == kills / 2, "who dies before its commit has recorded nothing"


@pytest.mark.postgres
async def test_a_killed_holder_of_the_head_row_does_not_stop_the_others(
    postgres_url: str, tmp_path: Path, clock: TurnedClock
) -> None:
    held, database = tmp_path / "held", Database.open(postgres_url)
    holder = fork(killed.hold_head, postgres_url, held)
    wait_for(held, 1, holder)
    async with a_log(database, clock) as log:
        waiting = asyncio.ensure_future(log.append(draft(text="after")))
        await asyncio.sleep(0)
        holder.kill()
        holder.join()
        with contextlib.suppress(AuditUnavailable):  # it had waited for the row for too long
            await waiting
        await eventually_appends(log, "after")
    assert {each["text"] for each in assert_whole(database)} == {"after"}
    database.close()


def test_sixty_four_writers_in_two_processes_leave_no_gap(
    url: str, database: Database, tmp_path: Path
) -> None:
    actions, each = tmp_path / "actions", 3
    processes = [fork(appender.append, url, actions, each, 32) for _ in range(2)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    fields = assert_whole(database)
    assert len(fields) == 64 * each * 2
    assert len({one["replica"] for one in fields}) == 2
