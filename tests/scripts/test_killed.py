"""A process killed while a script runs: what became of it is unknown, and it is not run again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from bot.model import Reason
from bot.model.scripts import ScriptState
from tests.house import opened
from tests.house_rules.tree import ROOT
from tests.scripts.site import entry, hospital, program

pytestmark = pytest.mark.crash


def test_a_script_that_was_begun_is_unknown_after_a_kill_and_never_begun_again(
    launched_url: str, tmp_path: Path
) -> None:
    mark = tmp_path / "begun"
    body = (
        f"import os, time\nopen({str(mark)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(600)"
    )
    script = entry("slow", [program(tmp_path, "slow", body)], timeout_seconds=600)
    settings = hospital(tmp_path, launched_url, script)
    words = [sys.executable, "-m", "tests.scripts.victim", str(settings)]
    victim = subprocess.Popen([*words, 'script run slow --reason "try"'], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not (mark.exists() and mark.read_text("utf-8").endswith("\n")):
            assert time.monotonic() < deadline, "the script was never begun"
            assert victim.poll() is None, "it ended by itself"
            time.sleep(0.05)
    finally:
        victim.kill()
        victim.wait()

    async def after() -> None:
        async with opened(settings) as chat:
            assert await chat.house.engine.wait("script", "SCR-1", seconds=30)
            run = await chat.house.procedures.reach.runs.show("SCR-1")
            assert run is not None
            assert run.state is ScriptState.UNKNOWN
            card = await chat.card("SCR-1")
            assert "what became of it is not known" in card.text
            events = await chat.events(verb="script run")
            assert [event.data["kind"] for event in events].count("effect") == 1
            assert events[-1].data["reason"] == Reason.UNKNOWN_OUTCOME.value

    try:
        asyncio.run(after())
        assert len(mark.read_text("utf-8").split()) == 1, "it was begun once"
    finally:
        for pid in mark.read_text("utf-8").split():
            with suppress(ProcessLookupError):
                os.killpg(int(pid), signal.SIGKILL)
