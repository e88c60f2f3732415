from __future__ import annotations

import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from bot.storage.database import Database
from tests.audit import appender
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log, assert_whole, draft
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


def test_two_processes_append_to_one_log_without_a_gap(
    url: str, database: Database, tmp_path: Path
) -> None:
    actions = tmp_path / "actions"
    processes = [fork(appender.append, url, actions, 10) for _ in range(2)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    fields = assert_whole(database)
    assert len(fields) == 2 * 8 * 10 * 2
    assert len({each["replica"] for each in fields}) == 2
