"""Scripts that change something, as people run them: real programs on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.model import Reason
from bot.model.scripts import ScriptRun, ScriptState
from bot.scripts.output import MOST
from tests.house import Chat, opened
from tests.scripts.site import SECRET, SITE, entry, hospital, program

ECHO = "import os, sys; print(sys.argv[1:]); print(sorted(os.environ))"
WITH = entry("restart-router", [], parameters=[SITE])


async def ended(chat: Chat, run_id: str = "SCR-1") -> ScriptRun:
    """Wait until a run is over."""
    assert await chat.house.engine.wait("script", run_id, seconds=60)
    run = await chat.house.procedures.reach.runs.show(run_id)
    assert run is not None
    return run


def written(file: Path) -> str:
    """Return what a program has written so far."""
    return file.read_text("utf-8") if file.exists() else ""


async def begun(file: Path) -> str:
    """Wait until a program has written its mark; returns what it wrote."""
    for _ in range(3000):
        if text := written(file):
            return text
        await asyncio.sleep(0.02)
    raise AssertionError("it never began")


def lives(pid: int) -> bool:
    """Say whether a process runs: one that is dead and not yet waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def gone(pid: int) -> None:
    """Wait until a process is no more."""
    for _ in range(1000):
        if not lives(pid):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{pid} lives on")


async def test_a_script_runs_once_with_its_values_as_single_arguments_and_nothing_inherited(
    launched_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOT_FOR_SCRIPTS", "x")
    command = [program(tmp_path, "echo", ECHO), "--site={{ site }}", "{{ note }}", "a b"]
    note = {"name": "note", "type": "word", "description": "A note"}
    variables = {"ROUTER_TOKEN": {"secret": "router"}, "MODE": "soft"}
    script = {**WITH, "command": command, "parameters": [SITE, note], "variables": variables}
    site = hospital(tmp_path, launched_url, script, secrets={"router": {"value": SECRET}})
    async with opened(site) as chat:
        line = "script run restart-router with site=north note=$(id);`id` --reason 'no link'"
        said = await chat.say(line)
        assert (said.reason, said.topic) == (Reason.OK, "SCR-1"), said.text
        run = await ended(chat)
        assert run.state is ScriptState.SUCCEEDED
        assert run.output.splitlines()[0] == "['--site=north', '$(id);`id`', 'a b']"
        assert run.output.splitlines()[1] == "['LANG', 'MODE', 'PATH', 'ROUTER_TOKEN']"
        card = await chat.card("SCR-1")
        assert card.text == "SCR-1 (restart-router on this machine) ended well."
        assert "--site=north" in card.code
        shown = await chat.say("script status SCR-1")
        assert (shown.refs["state"], shown.refs["exit_code"]) == ("succeeded", "0")
        assert "SCR-1" in str((await chat.say("script status")).table)
        kinds = [e.data["kind"] for e in await chat.events(verb="script run")]
        assert kinds == ["intent", "outcome", "effect", "effect_outcome"]


@pytest.mark.thorough
async def test_production_wants_the_approvals_of_its_class_and_shows_the_exact_arguments(
    launched_url: str, tmp_path: Path
) -> None:
    command = [program(tmp_path, "echo", ECHO), "{{ site }}"]
    script = {**WITH, "command": command, "service": "lab-results", "environment": "production"}
    async with opened(hospital(tmp_path, launched_url, script)) as chat:
        asked = await chat.say("script run restart-router with site=north --reason x")
        assert asked.reason is Reason.PENDING_APPROVAL
        assert f"{command[0]} north" in str(asked.fields) + asked.text
        mine = await chat.say(f"approve {asked.request}")
        assert mine.reason is Reason.NOT_AUTHORISED
        one = await chat.say(f"approve {asked.request}", as_="engineer-2")
        assert await chat.house.procedures.reach.runs.show("SCR-1") is None, one.text
        await chat.say(f"approve {asked.request}", as_="release-manager")
        await chat.house.engine.wait("carry-out", str(asked.request), seconds=30)
        run = await ended(chat)
        assert (run.state, run.request) == (ScriptState.SUCCEEDED, asked.request)
        assert run.person == "engineer"
        denied = await chat.say(
            "script run restart-router with site=north --reason x", as_="service-desk"
        )
        assert denied.reason is Reason.NOT_AUTHORISED


@pytest.mark.thorough
async def test_a_dry_run_shows_the_exact_list_with_no_secret_and_runs_nothing(
    launched_url: str, tmp_path: Path
) -> None:
    command = [program(tmp_path, "echo", ECHO), "{{ site }}", f"--key={SECRET}"]
    script = {**WITH, "command": command, "variables": {"KEY": {"secret": "router"}}}
    site = hospital(tmp_path, launched_url, script, secrets={"router": {"value": SECRET}})
    async with opened(site) as chat:
        said = await chat.say("script run restart-router with site=east --reason x --dry-run")
        assert said.reason is Reason.OK
        assert dict(said.fields)["Runs"] == f"{command[0]} east --key=[secret]"
        assert SECRET not in str(said)
        assert await chat.house.procedures.reach.runs.list(open_only=False) == []
        assert SECRET not in str(await chat.say("script show restart-router"))


@pytest.mark.thorough
async def test_stop_all_and_a_lock_hold_a_script_as_they_hold_a_deploy(
    launched_url: str, tmp_path: Path
) -> None:
    command = [program(tmp_path, "echo", ECHO), "{{ site }}"]
    line = "script run restart-router with site=north --reason x"
    async with opened(hospital(tmp_path, launched_url, {**WITH, "command": command})) as chat:
        locked = await chat.say(
            'lock portal test --for 1h --reason "working there"', as_="engineer-2"
        )
        assert locked.reason is Reason.OK, locked.text
        assert (await chat.say(line)).reason is Reason.LOCKED
        halted = await chat.say('stop-all --reason "worm"', as_="commander")
        if halted.request:
            await chat.say(f"approve {halted.request}", as_="security-officer")
            await chat.house.engine.wait("carry-out", halted.request, seconds=30)
        assert (await chat.say(line)).reason is Reason.HALTED


async def test_an_exit_code_other_than_zero_is_a_failure_that_says_it(
    launched_url: str, tmp_path: Path
) -> None:
    command = [program(tmp_path, "three", "import sys; print('no such site'); sys.exit(3)")]
    async with opened(hospital(tmp_path, launched_url, entry("three", command))) as chat:
        await chat.say("script run three --reason x")
        run = await ended(chat)
        assert (run.state, run.exit_code) == (ScriptState.FAILED, 3)
        card = await chat.card("SCR-1")
        assert card.text.endswith("failed: it ended with exit code 3.")
        assert card.code == "no such site"


async def test_neither_a_secret_nor_a_patient_nor_a_cursor_comes_out_of_an_output(
    launched_url: str, tmp_path: Path
) -> None:
    body = (
        "import os, sys\n"
        "print('MSH|^~\\\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5')\n"
        "print('PID|1||4711^^^HOSP^MR||Muster^Erika||19640812|F')\n"
        "print(os.environ['KEY'], 'password=hunter2-again')\n"
        "sys.stdout.buffer.write(b'\\x1b[2J\\xff end')"
    )
    script = entry(
        "leaky", [program(tmp_path, "leaky", body)], variables={"KEY": {"secret": "router"}}
    )
    site = hospital(tmp_path, launched_url, script, secrets={"router": {"value": SECRET}})
    async with opened(site) as chat:
        await chat.say("script run leaky --reason x")
        run = await ended(chat)
        card = await chat.card("SCR-1")
        for text in (run.output, str(card), str(await chat.told(verb="script run"))):
            for word in ("Muster", "Erika", SECRET, "hunter2", "\x1b"):
                assert word not in text
        assert "[secret] password=[secret]" in run.output
        assert "\\x1b[2J\ufffd end" in run.output


@pytest.mark.thorough
async def test_an_endless_output_is_held_to_its_end_and_the_script_to_its_time(
    launched_url: str, tmp_path: Path
) -> None:
    body = "n = 0\nwhile True:\n    n += 1\n    print('line', n, 'x' * 200)"
    script = entry("endless", [program(tmp_path, "endless", body)], timeout_seconds=1)
    async with opened(hospital(tmp_path, launched_url, script)) as chat:
        await chat.say("script run endless --reason x")
        run = await ended(chat)
        assert run.state is ScriptState.TIMED_OUT
        assert run.is_cut
        assert MOST - 300 < len(run.output.encode()) <= MOST
        assert run.output.startswith("line "), "a line that the cut went through is left out"
        assert len((await chat.card("SCR-1")).code) < 2600


@pytest.mark.thorough
async def test_stopping_ends_what_ignores_a_polite_signal_and_its_children(
    launched_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.reach.local.GRACE_SECONDS", 0.2)
    mark = tmp_path / "pids"
    body = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['/bin/sleep', '600'])\n"
        f"open({str(mark)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)"
    )
    script = entry("stubborn", [program(tmp_path, "stubborn", body)])
    async with opened(hospital(tmp_path, launched_url, script)) as chat:
        await chat.say("script run stubborn --reason x")
        pids = [int(pid) for pid in (await begun(mark)).split()]
        busy = await chat.say("script run stubborn --reason again")
        assert busy.reason is Reason.LOCKED
        stopped = await chat.say("script stop SCR-1 --reason 'wrong site'", as_="engineer-2")
        assert "engineer-2 has asked for its end" in stopped.text
        run = await ended(chat)
        assert (run.state, run.stop_by) == (ScriptState.STOPPED, "engineer-2")
        for pid in pids:
            await gone(pid)
        assert (await chat.say("script stop SCR-1 --reason x")).reason is Reason.DUPLICATE
        assert (await chat.say("script stop SCR-9 --reason x")).reason is Reason.NOT_FOUND


@pytest.mark.thorough
async def test_a_child_that_outlives_its_script_is_ended_and_holds_nobody_up(
    launched_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.reach.local.PIPE_SECONDS", 0.1)
    body = "import subprocess\nprint(subprocess.Popen(['/bin/sleep', '600']).pid)"
    script = entry("forking", [program(tmp_path, "forking", body)])
    async with opened(hospital(tmp_path, launched_url, script)) as chat:
        await chat.say("script run forking --reason x")
        run = await ended(chat)
        assert run.state is ScriptState.SUCCEEDED
        await gone(int(run.output))


@pytest.mark.thorough
async def test_what_is_not_there_or_has_changed_since_is_not_started(
    launched_url: str, tmp_path: Path
) -> None:
    site = hospital(tmp_path, launched_url, entry("absent", [str(tmp_path / "nothing")]))
    async with opened(site) as chat:
        await chat.say("script run absent --reason x")
        run = await ended(chat)
        assert run.state is ScriptState.NOT_STARTED
        assert run.text.endswith("cannot be started: no such file or directory.")
        assert (await chat.say("script run nothing --reason x")).reason is Reason.NOT_FOUND


@pytest.mark.thorough
async def test_only_the_roles_of_a_script_run_it(launched_url: str, tmp_path: Path) -> None:
    command = [program(tmp_path, "echo", ECHO)]
    script = entry("rare", command, roles=["release_manager"])
    async with opened(hospital(tmp_path, launched_url, script)) as chat:
        said = await chat.say("script run rare --reason x")
        assert said.reason is Reason.NOT_AUTHORISED
        assert said.text == "rare is for a release_manager."
        await chat.say("script run rare --reason x", as_="release-manager")
        assert (await ended(chat)).state is ScriptState.SUCCEEDED
