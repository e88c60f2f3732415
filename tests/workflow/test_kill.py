"""A kill at any point loses nothing and repeats no completed step, with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.storage.database import Database
from tests.workflow.conftest import Launch
from tests.workflow.victim import KEY, WORKFLOW, Victim

ROOT = Path(__file__).parent.parent.parent
DONE = ["one", "two", "got {'build': '12'}", "three", "rejected: no such builder", "four"]

pytestmark = pytest.mark.crash


async def live(url: str, effects: Path, death: str) -> tuple[int | None, str]:
    """Run a victim to its end; return its exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.workflow.victim",
        url,
        str(effects),
        death,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_killed_four_times_it_goes_on_and_repeats_only_what_was_cut_short(
    sqlite_url: str, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    for death in ("before two", "in two", "after two", "after rejection"):
        assert await live(sqlite_url, effects, death) == (-signal.SIGKILL, "")
    assert await live(sqlite_url, effects, "never") == (0, "")
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
    status, said = await live(database_url, tmp_path / "effects", "never")
    assert status == 3
    assert said == (
        f"database: {tmp_path} is in use by another Wardroom (process {os.getpid()}); "
        "stop that one, or give this one a database in a folder of its own"
    )


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_another_replica_takes_over_what_a_killed_one_was_doing(
    database_url: str, database: Database, launch: Launch, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    assert await live(database_url, effects, "in two") == (-signal.SIGKILL, "")
    engine = await launch({WORKFLOW: Victim(effects, "never").body})
    assert await engine.wait(WORKFLOW, KEY, seconds=60)
    assert effects.read_text().splitlines() == ["one", "two", *DONE[1:]]
