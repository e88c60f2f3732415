"""A kill at any point loses nothing and repeats no completed step, with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot.storage.database import Database
from tests.forked import fork
from tests.workflow import victim
from tests.workflow.conftest import Launch
from tests.workflow.victim import KEY, WORKFLOW, Victim

DONE = ["one", "two", "got {'build': '12'}", "three", "rejected: no such builder", "four"]
KILLED = -signal.SIGKILL

# Where PostgreSQL runs there is a process to fork from too, and to load one takes seconds.
pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("postgres")]


async def live(url: str, effects: Path, death: str) -> int | None:
    """Let a victim live to its end; return its exit status."""
    process = fork(victim.live, url, effects, death)
    await asyncio.to_thread(process.join)
    return process.exitcode


async def test_killed_four_times_it_goes_on_and_repeats_only_what_was_cut_short(
    sqlite_url: str, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    for death in ("before two", "in two", "after two", "after rejection"):
        assert await live(sqlite_url, effects, death) == KILLED
    assert await live(sqlite_url, effects, "never") == 0
    got = "got {'build': '12'}"
    assert effects.read_text().splitlines() == [
        "one",
        "two",  # cut short: it runs again
        "two",
        got,
        got,  # the body itself runs again, over remembered steps
        "three",
        got,
        "rejected: no such builder",  # the same branch, although the step was not run again
        "four",
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_second_process_on_the_same_folder_is_refused(
    database_url: str, launch: Launch, tmp_path: Path
) -> None:
    await launch()
    said = tmp_path / "said"
    assert await live(database_url, said, "never") == victim.REFUSED
    assert said.read_text() == (
        f"database: {tmp_path} is in use by another Wardroom (process {os.getpid()}); "
        "stop that one, or give this one a database in a folder of its own"
    )


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_another_replica_takes_over_what_a_killed_one_was_doing(
    database_url: str, database: Database, launch: Launch, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    assert await live(database_url, effects, "in two") == KILLED
    engine = await launch({WORKFLOW: Victim(effects, "never").body})
    assert await engine.wait(WORKFLOW, KEY, seconds=60)
    assert effects.read_text().splitlines() == ["one", "two", *DONE[1:]]
