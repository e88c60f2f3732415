"""`wardroom chat`: one command, piped lines, and a prompt on a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.adapters.terminal import EXITS, one, piped, prompted
from bot.adapters.terminal.exits import worst
from bot.adapters.terminal.prompt import MOST_LINES, sized
from bot.adapters.terminal.words import person_named
from bot.model import Button, Reason, Reply, StepState
from tests.adapters.keyboard import at_a_terminal, at_the_prompt, start
from tests.adapters.web import replies
from tests.adapters.web.conftest import house, switch
from tests.adapters.web.house import House, serving
from tests.serving import served

pytestmark = pytest.mark.asyncio(loop_scope="session")
__all__ = ["house", "switch"]


def closed_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return f"http://127.0.0.1:{held.getsockname()[1]}"


async def test_one_command_prints_its_answer(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.say["services"] = Reply("Two services.", items=("portal", "pacs"))
    assert await one(house.url, "engineer", "services", False) == 0
    assert capsys.readouterr().out == "Two services.\n\n- portal\n- pacs\n"
    assert house.road.heard[0].account.user == "engineer"


async def test_json_is_the_contract_object_and_nothing_else(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.say["deploy x"] = Reply(
        "It waits.",
        Reason.PENDING_APPROVAL,
        request="REQ-12",
        refs={"change": "CHG-2"},
        buttons=(Button("Approve", "approve REQ-12"),),
        topic="REQ-12",
    )
    assert await one(house.url, "engineer", "deploy x", True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["reason", "text", "request", "refs"]
    assert printed["reason"] == "pending_approval"
    assert printed["request"] == "REQ-12"
    assert printed["refs"] == {"change": "CHG-2"}


@pytest.mark.parametrize(
    ("reason", "code"),
    [(Reason.OK, 0), (Reason.NOT_AUTHORISED, 2), (Reason.PHI_BLOCKED, 2), (Reason.FAILED, 1)],
)
async def test_the_exit_code_says_how_it_ended(
    house: House, capsys: pytest.CaptureFixture[str], reason: Reason, code: int
) -> None:
    house.say["x"] = Reply("So it is.", reason)
    assert await one(house.url, "engineer", "x", False) == code


async def test_every_reason_has_an_exit_code() -> None:
    assert set(EXITS) == set(Reason)
    assert set(EXITS.values()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("reasons", "code"),
    [
        ([], 0),
        ([Reason.OK, Reason.PENDING_APPROVAL], 0),
        ([Reason.OK, Reason.BAD_INPUT], 2),
        ([Reason.FAILED, Reason.BAD_INPUT, Reason.OK], 1),
    ],
)
async def test_a_failure_is_worse_than_a_refusal(reasons: list[Reason], code: int) -> None:
    assert worst(reasons) == code


async def test_piped_lines_run_in_order_as_whom_they_say(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.say.update({"a": Reply("First."), "b": Reply("Second.", Reason.BAD_INPUT)})
    code = await piped(house.url, "engineer", "a\n\n  \nas release-manager\nb\n", False)
    assert code == 2
    assert capsys.readouterr().out.startswith("First.\n\nSecond.\n")
    heard = [(one.text, one.account.user) for one in house.road.heard]
    assert heard == [("a", "engineer"), ("b", "release-manager")]


async def test_without_a_server_one_sentence_says_what_to_type(
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = closed_address()
    assert await one(url, "engineer", "help", False) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"Wardroom is not running at {url}. Start it with `make run`")
    assert out.count("\n") == 1
    assert await piped(url, "engineer", "help\nhelp\nhelp\n", True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["reason"] == "unavailable"


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://127.0.0.1:a", ""])
async def test_an_address_that_is_none_is_bad_input(
    capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert await one(url, "engineer", "help", False) == 2
    assert "is not an address" in capsys.readouterr().out


async def test_another_program_on_the_port_is_recognised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def stranger(_: Request) -> Response:
        return PlainTextResponse("<h1>Hello</h1>")

    app = FastAPI()
    app.add_route("/api/chat", stranger, methods=["POST"])
    async with served(app) as url:
        assert await one(url, "engineer", "help", False) == 1
    assert "is not Wardroom" in capsys.readouterr().out


async def test_a_production_server_says_that_this_door_is_closed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with serving("production") as house:
        assert await one(house.url, "engineer", "help", False) == 2
    assert "no sign-in yet" in capsys.readouterr().out


async def test_an_answer_lost_on_the_way_is_asked_for_again_and_runs_once(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.say["deploy x"] = Reply("Asked for.")
    async with losing_first_answer(house) as url:
        assert await one(url, "engineer", "deploy x", False) == 0
    assert capsys.readouterr().out == "Asked for.\n"
    assert house.road.lines == ["deploy x"]


async def test_nothing_in_an_answer_can_command_the_terminal(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.say["x"] = Reply("before \x1b]0;title\x07\x1b[2J after", code="\x9b31m red")
    await one(house.url, "engineer", "x", False)
    out = capsys.readouterr().out
    assert "before" in out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)


@pytest.mark.parametrize(
    ("line", "person"),
    [
        ("as engineer-2", "engineer-2"),
        (":as  engineer ", "engineer"),
        ("as", None),
        ("as a b", None),
        ("assign x", None),
    ],
)
async def test_only_the_switch_is_taken_for_the_switch(line: str, person: str | None) -> None:
    assert person_named(line) == person


async def test_piped_input_reaches_a_real_process(house: House) -> None:
    house.say["a"] = Reply("Fine.")
    program = await start(
        *("engineer", house.url, "", "yes", ""),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await program.communicate(b"a\nb\n")
    assert program.returncode == 2
    reasons = [json.loads(line)["reason"] for line in out.splitlines()]
    assert reasons == ["ok", "unknown_command"]


async def test_the_prompt_answers_switches_person_and_leaves(house: House) -> None:
    house.say["whoami"] = lambda said: Reply(f"You are {said.account.user}, in person.")
    async with at_a_terminal(house) as terminal:
        terminal.types("whoami\r")
        await terminal.sees("You are engineer, in person.")
        await terminal.is_asked()
        terminal.types("as release-manager\r")
        await terminal.is_asked("release-manager")
        terminal.types("whoami\r")
        await terminal.sees("You are release-manager, in person.")
        await terminal.is_asked("release-manager")
        terminal.types("half a line\x03")
        await terminal.sees("half a line")
        await terminal.is_asked("release-manager")
        assert await terminal.leaves() == 0
    assert house.road.lines == ["whoami", "whoami"]


async def test_the_prompt_shows_a_deploys_progress_line_by_line(house: House) -> None:
    done, running, waiting = StepState.DONE, StepState.RUNNING, StepState.WAITING
    house.say["deploy x"] = replies.deploying(running, waiting, waiting)
    async with at_the_prompt(house) as terminal:
        terminal.types("deploy x\r")
        await terminal.sees("1. Running: CI is green")
        await house.notices.publish("DEP-3", replies.deploying(done, running, waiting))
        await terminal.sees("DEP-3  1. Done: CI is green")
        await terminal.sees("DEP-3  2. Running: Deploy job")
        await house.notices.publish("DEP-3", replies.deploying(done, done, running))
        between = await terminal.sees("DEP-3  3. Running: Smoke probe")
    assert "CI is green" not in between


async def test_the_prompt_asks_for_a_form_line_by_line(house: House) -> None:
    house.say["deploy"] = lambda said: Reply("Asked for.") if said.fields else replies.FORM
    async with at_the_prompt(house) as terminal:
        terminal.types("deploy\r")
        await terminal.sees("one of: lab-results, portal")
        await terminal.sees("Service:")
        terminal.types("\r")
        await terminal.sees("Service is needed.")
        terminal.types("portal\r")
        await terminal.sees("Version:")
        terminal.types("1.4.2\r")
        await terminal.sees("Reason (optional):")
        terminal.types("\r")
        await terminal.sees("Asked for.")
    assert house.road.heard[-1].fields == {"service": "portal", "version": "1.4.2", "reason": ""}


async def test_a_form_that_is_left_sends_nothing(house: House) -> None:
    house.say["deploy"] = replies.FORM
    async with at_the_prompt(house) as terminal:
        terminal.types("deploy\r")
        await terminal.sees("Service:")
        terminal.types("\x03")
        await terminal.sees("Nothing was sent.")
        await terminal.is_asked()
    assert house.road.lines == ["deploy"]


async def test_the_prompt_completes_from_the_server(house: House) -> None:
    house.say["deploy portal 1.4.2 to test"] = Reply("Asked for.")
    async with at_the_prompt(house) as terminal:
        terminal.types("deploy p")
        await terminal.sees("deploy portal 1.4.2 to test")
        terminal.types("\t\r")
        await terminal.sees("Asked for.")
    assert house.road.lines == ["deploy portal 1.4.2 to test"]


async def test_the_history_keeps_what_was_let_pass_and_nothing_else(
    house: House, tmp_path: Path
) -> None:
    canary = "note PID|1||CANARY-MRN-77"
    house.say[canary] = Reply("That looks like an HL7 message.", Reason.PHI_BLOCKED)
    house.say["whoami"] = Reply("You are here.")
    kept = tmp_path / "state" / "history"
    async with at_the_prompt(house, kept) as terminal:
        terminal.types(f"{canary}\r")
        await terminal.sees("That looks like an HL7 message.")
        await terminal.is_asked()
        terminal.types("whoami\r")
        await terminal.sees("You are here.")
        await terminal.is_asked()
        assert await terminal.leaves() == 0
    text = kept.read_text("utf-8")
    assert "whoami" in text
    assert "CANARY" not in text
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    async with at_the_prompt(house, kept) as terminal:
        terminal.types("\x1b[A")
        await terminal.sees("whoami")
        terminal.types("\r")
        await terminal.sees("You are here.")


async def test_no_prompt_is_offered_where_nobody_would_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await prompted(closed_address(), "engineer", False, None) == 1
    assert "Wardroom is not running" in capsys.readouterr().out
    assert await prompted("nonsense", "engineer", False, None) == 2
    async with serving("production") as house:
        assert await prompted(house.url, "engineer", False, None) == 2
    assert "no sign-in yet" in capsys.readouterr().out


async def test_the_history_forgets_its_oldest_lines(tmp_path: Path) -> None:
    file = tmp_path / "history"
    first = sized(file)
    assert first is not None
    for number in range(MOST_LINES + 5):
        first.store_string(f"line {number}")
    again = sized(file)
    assert again is not None
    kept = list(again.load_history_strings())
    assert len(kept) == MOST_LINES
    assert kept[0] == f"line {MOST_LINES + 4}"


async def test_a_history_that_can_not_be_kept_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    assert sized(tmp_path / "file" / "history") is None
    assert sized(None) is None


async def test_one_command_reaches_a_real_process(house: House) -> None:
    house.say["help"] = Reply("You can type these.")
    program = await start(
        *("engineer", house.url, "help", "", ""),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await program.communicate()
    assert (program.returncode, out) == (0, b"You can type these.\n")


async def test_the_prompt_lives_through_a_restart_of_the_server() -> None:
    async with serving() as first:
        port = int(first.url.rpartition(":")[2])
        opened = at_a_terminal(first)
        terminal = await opened.__aenter__()
    try:
        await terminal.sees("(not connected")
        terminal.types("help\r")
        await terminal.sees("Wardroom is not running")
        async with serving(port=port) as second:
            await terminal.sees("(connected again)")
            await second.live.edit(
                replies.PLACE, "DEP-9", Reply("Somebody deploys.", topic="DEP-9")
            )
            await terminal.sees("DEP-9  Somebody deploys.")
    finally:
        await opened.__aexit__(None, None, None)


@asynccontextmanager
async def losing_first_answer(house: House) -> AsyncIterator[str]:
    """Stand between a client and the server, and cut the first connection after the command."""
    host, _, port = house.url.removeprefix("http://").partition(":")
    cut = asyncio.Event()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None
        body = await reader.readexactly(int(length.group(1)))
        there, back = await asyncio.open_connection(host, int(port))
        back.write(head.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n") + body)
        answer = await there.read()
        back.close()
        if cut.is_set():
            writer.write(answer)
        cut.set()
        writer.close()

    async with await asyncio.start_server(pass_on, "127.0.0.1", 0) as between:
        yield f"http://127.0.0.1:{between.sockets[0].getsockname()[1]}"
