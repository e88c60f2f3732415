"""What people ask about runbooks, in chat and on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.runbook import command
from bot.model import Reason
from tests.house import Chat, opened, write_site
from tests.house_rules.tree import ROOT
from tests.runbooks.books import book, with_step, with_wait, write

GOLDEN = Path(__file__).parent / "late-results.txt"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A site's own runbooks."""
    folder = tmp_path / "runbooks"
    folder.mkdir()
    write(folder)
    return folder


@pytest.fixture
async def chat(launched_url: str, tmp_path: Path, shelf: Path) -> AsyncIterator[Chat]:
    """A running house that a test types to."""
    async with opened(write_site(tmp_path, launched_url, runbooks=[str(shelf)])) as open_chat:
        yield open_chat


async def test_the_list_has_the_shipped_ones_and_the_sites_own(chat: Chat) -> None:
    said = await chat.say("runbook list", as_="service-desk")

    assert said.reason is Reason.OK
    assert said.table is not None
    names = [row[0] for row in said.table.rows]
    assert {"late-results", "pacs-unreachable"} <= set(names)
    assert "STALE" not in said.text


async def test_what_is_past_its_review_is_called_stale_wherever_it_is_shown(chat: Chat) -> None:
    chat.clock.turn(days=71)  # the day after its last day
    assert "late-results" in (await chat.say("runbook list")).text.partition("STALE")[2]
    for line in ("runbook show late-results", "runbook print late-results"):
        assert (await chat.say(line)).text.startswith("STALE: interfaces should have reviewed it")


async def test_a_wait_is_shown_and_printed_with_its_condition(chat: Chat, shelf: Path) -> None:
    write(shelf, with_wait())
    said = await chat.say("runbook show late-results")
    assert said.items[0].startswith("1. build (wait): ci status of {{ service }} every 30 seconds")
    printed = await chat.say("runbook print late-results")
    assert "until steps.build.state == 'green', at most 10" in " ".join(printed.code.split())
    assert "not by then: stop here" in " ".join(printed.code.split())


async def test_what_is_to_be_reviewed_soon_is_named_in_the_list(chat: Chat) -> None:
    chat.clock.turn(days=55)  # 15 days before the last one
    assert "To be reviewed" not in (await chat.say("runbook list")).text
    chat.clock.turn(days=1)
    said = (await chat.say("runbook list")).text
    assert "To be reviewed within 14 days: late-results (by 2027-01-31)." in said


async def test_one_is_shown_with_its_steps(chat: Chat) -> None:
    said = await chat.say("runbook show late-results")

    assert said.title == "Results come late"
    assert said.items[2] == "3. look (do): Look at the queue of {{ service }}."
    assert "receiver / volume" in said.items[3]
    assert dict(said.fields)["Takes how"] == "How late they are (slow, none)"


async def test_a_typo_in_its_name_is_told_what_was_meant(chat: Chat) -> None:
    said = await chat.say("runbook show late-result")

    assert said.reason is Reason.NOT_FOUND
    assert "did you mean late-results?" in said.text


async def test_a_broken_one_is_listed_and_says_what_to_mend(chat: Chat, shelf: Path) -> None:
    write(shelf, with_step(0, run="curl http://x"))
    (shelf / "torn.yaml").write_text("name: torn\nnmae: x\n")
    listed = await chat.say("runbook list")
    shown = await chat.say("runbook show late-results")
    torn = await chat.say("runbook show torn")

    assert "To be mended before they can be used: late-results, torn" in listed.text
    assert shown.reason is torn.reason is Reason.BAD_INPUT
    assert "There is no command `curl`" in shown.items[0]
    assert any("nmae: there is no such setting (did you mean name?)" in one for one in torn.items)
    assert (await chat.say("runbook print torn")).reason is Reason.BAD_INPUT


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("hl7", "hl7 in its tag"),
        ("LATE lab-results", "lab-results in its service, late in its name"),
        ("queue", "queue in its step 3"),
    ],
)
async def test_a_search_says_where_the_words_are(chat: Chat, words: str, why: str) -> None:
    said = await chat.say(f"runbook search {words}")

    assert said.table is not None
    assert {row[0]: row[2] for row in said.table.rows}["late-results"] == why


async def test_a_search_wants_every_word(chat: Chat) -> None:
    assert (await chat.say("runbook search results xylophone")).table is None


async def test_the_page_in_chat_is_the_page_on_paper(chat: Chat, shelf: Path) -> None:
    said = await chat.say("runbook print late-results")
    printed = CliRunner().invoke(command, ["print", str(shelf / "late-results.yaml")])

    assert printed.exit_code == 0
    assert said.code.strip() == printed.output.strip()


def test_the_page_is_as_it_was_agreed(tmp_path: Path) -> None:
    printed = CliRunner().invoke(command, ["print", str(write(tmp_path))])

    assert printed.output == GOLDEN.read_text("utf-8")


def test_printing_needs_no_settings_and_no_network(tmp_path: Path) -> None:
    # In a process that cannot open a connection, in a folder with nothing in it.
    code = (
        "import socket, sys\n"
        "def no(*_): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = no\n"
        "from bot.cli import main\n"
        "sys.argv = ['wardroom', 'runbook', 'print', 'pacs-unreachable']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WHOM TO CALL" in done.stdout


def test_lint_exits_1_with_the_file_and_the_place(tmp_path: Path) -> None:
    file = write(tmp_path, with_step(0, run="reboot"))
    refused = CliRunner().invoke(command, ["lint", str(file)])
    write(tmp_path, book())
    passed = CliRunner().invoke(command, ["lint", str(tmp_path)])

    assert refused.exit_code == 1
    assert f"{file}: steps.build.run: There is no command `reboot`" in refused.output
    assert (passed.exit_code, passed.output) == (0, "1 runbook, nothing to mend\n")


def test_lint_without_files_looks_at_the_shipped_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(command, ["lint"]).exit_code == 0


def test_lint_knows_the_folders_of_the_settings(shelf: Path, tmp_path: Path) -> None:
    write(shelf, book(owner=""))
    file = write_site(tmp_path, f"sqlite:///{tmp_path}/x.db", runbooks=[str(shelf)])
    done = CliRunner().invoke(command, ["lint", "--config", str(file)])

    assert done.exit_code == 1
    assert "owner: must not be empty" in done.output
    page = CliRunner().invoke(command, ["print", "--config", str(file), "pacs-unreachable"])
    assert page.exit_code == 0
    none = CliRunner().invoke(command, ["print", "--config", str(file), "pacs"])
    assert none.exit_code == 1


def test_the_schema_is_printed_for_editors() -> None:
    assert json.loads(CliRunner().invoke(command, ["schema"]).output)["title"] == "Runbook"
