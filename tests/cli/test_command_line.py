"""`wardroom` helps, corrects, and loads only what was typed."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from bot import __version__
from bot.cli import COMMANDS
from bot.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Typing = Callable[..., Result]

ROOT = Path(__file__).parent.parent.parent
PID = "PID|1||MRN7731^^^H^MR||DOE^JANE||19700101|F"


def test_help_lists_every_command(wardroom: Typing) -> None:
    result = wardroom("--help")

    assert result.exit_code == 0
    assert [name for name in COMMANDS if f"\n  {name}" not in result.output] == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_list_says_what_the_command_itself_says(name: str) -> None:
    command = importlib.import_module(f"bot.cli.{name}").command

    assert isinstance(command, click.Command)
    assert command.name == name
    assert COMMANDS[name].rstrip(".") in (command.help or "").split("\n\n")[0].replace("\n", " ")


def test_the_version_is_told(wardroom: Typing) -> None:
    assert wardroom("--version").output == f"wardroom {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["audti"], "Did you mean 'audit'?"),
        (["privacy", "chek"], "Did you mean 'check'?"),
        (["privacy", "check", "--jsn"], "Did you mean '--json'?"),
        (["db", "upgrade", "--confg", "x"], "Did you mean '--config'?"),
    ],
)
def test_a_typo_is_told_what_was_meant(wardroom: Typing, words: list[str], said: str) -> None:
    result = wardroom(*words)

    assert result.exit_code == 2
    assert said in result.output


def test_without_a_settings_file_it_says_where_one_is_looked_for(
    wardroom: Typing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = wardroom("serve")

    assert result.exit_code == 1
    assert "there is no settings file at var/wardroom.yaml or wardroom.yaml" in result.output


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (PID, "block hl7v2-segment"),
        ("the lab interface queue is stuck since 03:10", "clean"),
    ],
)
def test_privacy_check_says_the_verdict_and_never_the_value(
    wardroom: Typing, text: str, first: str
) -> None:
    result = wardroom("privacy", "check", given=text)

    assert result.exit_code == 0
    assert result.output.splitlines()[0].startswith(first)
    assert "DOE" not in result.output


def test_privacy_check_speaks_json(wardroom: Typing) -> None:
    found = json.loads(wardroom("privacy", "check", "--json", given=PID).output)

    assert found["verdict"] == "block"
    assert "hl7v2-segment" in found["kinds"]
    assert found["length"] == len(PID)


def test_privacy_check_reads_bytes_that_are_no_text(wardroom: Typing) -> None:
    assert wardroom("privacy", "check", given=b"\xff\xfe" + PID.encode()).output.startswith("block")


def test_the_manifest_is_made_for_the_settings_that_are_here(wardroom: Typing, home: Path) -> None:
    here = json.loads(wardroom("manifest", "slack").output)
    there = json.loads(wardroom("manifest", "slack", "--url", "https://w.hospital.example").output)
    socket = json.loads(wardroom("manifest", "slack", "--socket-mode").output)

    address = "http://127.0.0.1:8080/slack/events"
    assert home.is_dir()
    assert here["features"]["slash_commands"][0]["url"] == address
    assert there["settings"]["interactivity"]["request_url"].startswith("https://w.hospital")
    assert socket["settings"]["socket_mode_enabled"] is True


def test_the_database_is_made_and_upgraded(wardroom: Typing, home: Path) -> None:
    first, second = wardroom("db", "upgrade"), wardroom("db", "upgrade")

    assert first.output == second.output == "The database is at the newest version.\n"
    database = Database.open(f"sqlite:///{home}/wardroom.db", create=False)
    database.close()


def test_chat_loads_neither_the_engine_nor_a_database() -> None:
    code = (
        "import sys, bot.cli.chat;"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'dbos', 'sqlalchemy', 'fastapi', 'slack_bolt', 'alembic', 'commands', 'cedarpy'}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
