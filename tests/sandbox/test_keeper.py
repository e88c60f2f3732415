"""A kept program: started again when it ends, gone when it is told to go."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import keeper, mortal
from sandbox.keeper import Keeper, Program
from sandbox.sentences import Problem
from tests.sandbox.fixtures import until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "FIRST_PAUSE", 0.0625)
    monkeypatch.setattr(keeper, "POLL_SECONDS", 0.005)


def program(folder: Path, script: str) -> Program:
    async def answers() -> Mapping[str, Any] | None:
        return {"said": "ready"} if (folder / "ready").exists() else None

    return Program(
        name="clerk",
        command=lambda: ["sh", "-c", script],
        env=lambda: dict(os.environ),
        folder=folder,
        log=folder / "clerk.log",
        answers=answers,
    )


async def test_a_program_that_keeps_ending_is_started_again_with_growing_pauses(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    thrice = asyncio.Event()

    def say(text: str) -> None:
        said.append(text)
        if len(said) == 3:
            thrice.set()

    kept = Keeper(program(tmp_path, "echo started; exit 3"), say)
    kept.start()
    await thrice.wait()
    await kept.stop()
    assert said[:3] == [
        f"clerk ended with 3; starting it again in {pause} s" for pause in ("0.062", "0.12", "0.25")
    ]
    assert (tmp_path / "clerk.log").read_text().count("started") == kept.starts


async def test_a_program_that_answers_is_up_and_says_so(tmp_path: Path) -> None:
    kept = Keeper(program(tmp_path, "touch ready; exec sleep 60"), print)
    kept.start()
    assert await kept.up() == {"said": "ready", "pid": kept.pid}
    await kept.stop()
    assert kept.pid is None


async def test_a_restart_waits_for_the_new_process(tmp_path: Path) -> None:
    kept = Keeper(program(tmp_path, "touch ready; exec sleep 60"), print)
    kept.start()
    first = await kept.up()
    second = await kept.restart()
    assert second["pid"] not in (None, first["pid"])
    await kept.stop()


async def test_a_program_that_ends_instead_of_answering_is_a_problem_with_its_log(
    tmp_path: Path,
) -> None:
    kept = Keeper(program(tmp_path, "exit 1"), lambda _: None)
    with pytest.raises(Problem, match=r"clerk ended as it started: see .*clerk\.log"):
        await kept.restart()
    await kept.stop()


async def test_a_program_that_ignores_the_request_to_end_is_killed_with_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TERM_SECONDS", 0.1)
    script = 'trap "" TERM; sh -c \'trap "" TERM; echo $$ >child; touch ready; sleep 60\' & wait'
    kept = Keeper(program(tmp_path, script), print)
    kept.start()
    await kept.up()
    await kept.stop()
    until(lambda: not runs(int((tmp_path / "child").read_text())))


def runs(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return done.stdout.strip() not in (b"", b"Z")


def test_a_command_dies_with_its_parent_where_the_kernel_does_not_see_to_it(
    tmp_path: Path,
) -> None:
    script = (
        "import os, subprocess, sys, time\n"
        "from sandbox import mortal\n"
        "code = 'import sys; from sandbox import mortal;'"
        " 'sys.exit(mortal.accompany(int(sys.argv[1]), sys.argv[2:]))'\n"
        f"command = ['sh', '-c', 'echo $$ >{tmp_path}/child; exec sleep 60']\n"
        "subprocess.Popen([sys.executable, '-c', code, str(os.getpid()), *command])\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        child = tmp_path / "child"
        until(lambda: child.exists() and child.read_text().strip())
        assert runs(int(child.read_text()))
        parent.send_signal(signal.SIGKILL)
    until(lambda: not runs(int(child.read_text())))


def test_a_command_that_is_not_there_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run(mortal.wrapped(["/no/such/command"]), check=False)
    assert done.returncode == 127
    assert capfd.readouterr().err == "/no/such/command: No such file or directory\n"
