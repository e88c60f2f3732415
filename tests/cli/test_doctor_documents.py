"""The how-tos are true: permissions, commands, settings and sample lines are the product's."""

from __future__ import annotations

import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import commands
from bot import __version__, registry
from bot.adapters.slack.manifest import manifest
from bot.adapters.teams import package
from bot.cli import COMMANDS
from bot.directory import Person
from tests.cli.clinic import Tenant, Workspace, doctor, free_port, people, services
from tests.cli.conftest import configure
from tests.house_rules.tree import ROOT
from tests.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]

SLACK, TEAMS = (ROOT / f"docs/install-{name}.md" for name in ("slack", "teams"))
BOTH = pytest.mark.parametrize("document", [SLACK, TEAMS], ids=lambda path: path.stem)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAMPLE = re.compile(r"^(?:ok|warn|fail|skip) +(\w+(?: \w+)?)  ?", re.MULTILINE)
SETTING = re.compile(r"`((?:slack|teams|server)\.(?!com`)\w+)`")
HOSTS = {"w.hospital.example": "the console's host"}
LEAST = 12  # characters that can be a reason


def _blocks(document: Path, kind: str) -> list[str]:
    return [body for given, body in BLOCK.findall(document.read_text("utf-8")) if given == kind]


def _rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the tables whose first column is headed so, without their quotes."""
    found, is_in = [], False
    for line in text.splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        is_in = line.startswith("|") and (is_in or cells[0] == heading)
        if is_in and cells[0] not in (heading, "---"):
            found.append(cells)
    return found


def _given(rows: list[list[str]]) -> set[str]:
    """Return what rows are about, of those that give a reason."""
    return {" ".join(row[:-1]) for row in rows if len(row[-1]) >= LEAST}


def _slack() -> Any:
    known = registry.discover(commands).commands
    return manifest(known, public_url="https://w.hospital.example", is_socket_mode=False)


def _teams() -> set[str]:
    made: Any = package.manifest(
        registry.discover(commands).commands,
        app_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        version=__version__,
        public_url="https://w.hospital.example",
    )
    return {
        *(f"permissions {one}" for one in made["permissions"]),
        *(f"bots.scopes {one}" for bot in made["bots"] for one in bot["scopes"]),
        *(f"validDomains {HOSTS[one]}" for one in made["validDomains"]),
    }


# --- permissions -------------------------------------------------------------------------------


def test_every_scope_of_the_slack_manifest_is_explained_and_no_other() -> None:
    asked = SLACK.read_text("utf-8").partition("### Optional")[0]

    assert _given(_rows(asked, "scope (bot token)")) == set(
        _slack()["oauth_config"]["scopes"]["bot"]
    )


def test_every_event_of_the_slack_manifest_is_explained_and_no_other() -> None:
    assert _given(_rows(SLACK.read_text("utf-8"), "event")) == set(
        _slack()["settings"]["event_subscriptions"]["bot_events"]
    )


def test_every_permission_of_the_teams_manifest_is_explained_and_no_other() -> None:
    assert _given(_rows(TEAMS.read_text("utf-8"), "in the manifest")) == _teams()


def test_a_scope_without_its_row_or_its_reason_would_be_noticed() -> None:
    text = SLACK.read_text("utf-8").partition("### Optional")[0]
    row = next(line for line in text.splitlines() if line.startswith("| `users:read`"))

    without = text.replace(row, "").replace("\n\n| scope (app", "\n| scope (app")
    reasonless = text.replace(row, "| `users:read` | |")

    assert "users:read" not in _given(_rows(without, "scope (bot token)"))
    assert "users:read" not in _given(_rows(reasonless, "scope (bot token)"))


# --- commands and settings ---------------------------------------------------------------------


@BOTH
def test_every_command_of_ours_in_it_runs(document: Path, home: Path, wardroom: Typing) -> None:
    people(home)
    configure(home, server={"port": free_port()}, teams=_app())
    text = document.read_text("utf-8")
    typed = [line for body in _blocks(document, "sh") for line in body.splitlines()]
    typed += [" ".join(inline.split()) for inline in re.findall(r"`(wardroom [^`]+)`", text)]
    ours = [shlex.split(line.partition(">")[0])[1:] for line in typed if line[:9] == "wardroom "]
    ran = {" ".join(words): wardroom(*words) for words in ours if words[0] != "serve"}

    assert len(ran) >= 2
    for line, result in ran.items():
        # Nobody answers the doctor here, and it says so: 1. A line that is none would end with 2.
        well = {0, 1} if line.startswith("doctor") else {0}
        assert result.exit_code in well, f"{line}: {result.output}"
        assert isinstance(result.exception, SystemExit | None)
    assert {words[0] for words in ours} <= set(COMMANDS)
    assert ["serve", "--config", "wardroom.yaml"] in ours


@BOTH
def test_every_other_command_in_it_runs(document: Path, tmp_path: Path) -> None:
    (tmp_path / "wardroom.yaml").touch(0o644)
    lines = [line for body in _blocks(document, "sh") for line in body.splitlines()]
    others = [line for line in lines if not line.startswith("wardroom ")]

    subprocess.run(["/bin/sh", "-ec", "\n".join(others)], cwd=tmp_path, check=True)

    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


@BOTH
def test_every_block_of_settings_in_it_is_taken(document: Path, tmp_path: Path) -> None:
    for number, body in enumerate(_blocks(document, "yaml")):
        given = yaml.safe_load(body)
        if isinstance(given, list):
            assert [Person.model_validate(one).id for one in given] == ["anna"]
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        site = Site(folder)
        for name, value in given.items():
            site.set(name, value)
        site.load()


@BOTH
def test_every_setting_that_it_names_is_one(document: Path) -> None:
    example = (ROOT / "wardroom.example.yaml").read_text("utf-8")
    named = set(SETTING.findall(document.read_text("utf-8")))

    assert named
    assert [one for one in named if not re.search(rf"\b{one.partition('.')[2]}:", example)] == []


# --- what the doctor says ----------------------------------------------------------------------


async def test_the_lines_that_it_shows_are_those_of_a_good_installation(home: Path) -> None:
    people(home)
    services(home)
    async with Workspace.running() as slack, Tenant.running() as teams:
        assert isinstance(slack, Workspace)
        assert isinstance(teams, Tenant)
        configure(
            home, server={"port": free_port()}, slack=slack.settings(), teams=teams.settings()
        )
        said = {name: await doctor("--only", name) for name in ("slack", "teams")}

    for document, name in ((SLACK, "slack"), (TEAMS, "teams")):
        (shown,) = _blocks(document, "")
        assert SAMPLE.findall(shown) == [one["name"] for one in said[name].checks]


def test_the_mends_name_documents_that_are_there() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "bot/doctor").glob("*.py")]
    named = {name for source in sources for name in re.findall(r"docs/[\w-]+\.md", source)}

    assert {"docs/install-slack.md", "docs/install-teams.md"} <= named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def _app() -> dict[str, str]:
    """Return the settings of a Teams app that nobody is asked about."""
    nobody = f"http://127.0.0.1:{free_port()}/"
    return {
        "app_id": "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        "app_password": "nothing to see",
        "tenant_id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "login_url": nobody,
        "openid_metadata_url": nobody,
    }
