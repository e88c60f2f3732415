"""A process killed in the middle of a step: the run goes on, and nothing done is done again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.model.runs import RunState
from tests.house import opened, write_site
from tests.house_rules.tree import ROOT
from tests.runbooks.books import BOOK, book, write

pytestmark = pytest.mark.crash
BEFORE = {"id": "before", "run": "deploy where is {{ service }}"}


def test_what_was_done_is_not_done_again_and_what_was_not_is_asked_again(
    launched_url: str, tmp_path: Path
) -> None:
    folder, mark = tmp_path / "runbooks", tmp_path / "asked"
    folder.mkdir()
    write(folder, book(steps=[BEFORE, *BOOK["steps"]]))
    settings = write_site(tmp_path, launched_url, runbooks=["runbooks"])
    line = "runbook run late-results with service=portal"
    words = [sys.executable, "-m", "tests.runbooks.victim", str(settings), line, str(mark)]
    victim = subprocess.Popen(words, cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not mark.exists():
            assert time.monotonic() < deadline, "the step was never typed"
            assert victim.poll() is None, "it ended by itself"
            time.sleep(0.05)
    finally:
        victim.kill()
        victim.wait()

    async def after() -> None:
        async with opened(settings) as chat:
            assert await chat.house.engine.wait("runbook", "RUN-1:0", seconds=30)
            run = await chat.house.procedures.runs.show("RUN-1")
            assert run is not None
            assert run.state is RunState.WAITING
            assert [one.step for one in run.results] == ["before", "build", "where"]
            done = await chat.events(verb="deploy where")
            assert [event.data["kind"] for event in done].count("intent") == 2, "before, where"
            asked = [event.data["kind"] for event in await chat.events(verb="ci status")]
            assert asked.count("intent") == 2, "the one that was killed, and the one after"
            verified = await chat.say("audit verify", as_="security-officer")
            assert verified.reason.value == "ok"

    asyncio.run(after())
