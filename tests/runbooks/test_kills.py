"""A process killed around a change that a run makes: it is not made twice, and not lost."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.model import Reason
from bot.model.runs import RunState
from tests.house import Chat, opened, write_site
from tests.house_rules.tree import ROOT
from tests.runbooks.books import book, write
from tests.runbooks.slain import JOBS, WrittenCi, quiet

pytestmark = pytest.mark.crash
BEGIN = "runbook run late-results with service=portal"


STEP = {"id": "it", "run": "ci run {{ service }} at 1.4.2"}
LINES = [BEGIN, "runbook go RUN-1 it"]


def killed(folder: Path, url: str, moment: str) -> Path:
    """Have a house die at a moment of the change; returns its settings."""
    (folder / "runbooks").mkdir()
    last = {"id": "last", "manual": "It is over."}
    write(folder / "runbooks", book(steps=[STEP, last]))
    settings = write_site(folder, url, runbooks=["runbooks"])
    lines = json.dumps(LINES)
    words = [sys.executable, "-m", "tests.runbooks.slain", str(settings), lines, "ci run", moment]
    victim = subprocess.run(words, cwd=ROOT, timeout=300, check=False, capture_output=True)
    assert victim.returncode == -signal.SIGKILL, victim.stderr.decode()[-2000:]
    return settings


async def is_settled(chat: Chat) -> None:
    """What was begun and has no answer is looked up, and only a human says what became of it."""
    run = await quiet(chat)
    assert run.state is RunState.STOPPED
    assert "whether it happened is not known" in run.why
    await chat.say("runbook resume RUN-1")
    assert (await quiet(chat)).state is RunState.STOPPED, "looked up, and not typed"
    settled = await chat.say("runbook settle RUN-1 it done --reason 'it is there'")
    assert settled.reason is Reason.OK, settled.text


async def went_on(settings: Path, moment: str) -> None:
    """Start again: it goes on to its last step, and the change was made once."""
    ci = WrittenCi(settings.parent / JOBS)
    async with opened(settings, ci) as chat:
        if moment == "during":
            await is_settled(chat)
        run = await quiet(chat)
        assert (run.at, run.state) == (1, RunState.WAITING)
        assert [one.step for one in run.results] == ["it"], "once, and not lost"
        assert (await chat.say("audit verify", as_="security-officer")).reason is Reason.OK
        assert len(ci.told()) == 1, "never twice"


def test_a_change_that_was_cut_short_is_unknown_and_is_not_done_again(
    launched_url: str, tmp_path: Path
) -> None:
    asyncio.run(went_on(killed(tmp_path, launched_url, "during"), "during"))


@pytest.mark.thorough
def test_a_change_that_had_a_go_and_was_not_begun_is_done_once(
    launched_url: str, tmp_path: Path
) -> None:
    asyncio.run(went_on(killed(tmp_path, launched_url, "before"), "before"))
