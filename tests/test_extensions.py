"""A site's own commands and integrations: what docs/extending.md says to write works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bot import extensions
from bot.errors import ConfigurationError
from bot.settings import load
from tests.house import write_site
from tests.house_rules.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
FILES = dict(
    re.findall(
        r"`extensions/((?:commands|integrations)/\w+\.py)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL
    )
)
PLAY = ROOT / "tests" / "extended.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that the page tells to make."""
    for name, text in FILES.items():
        file = tmp_path / "extensions" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "extensions"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_page_has_a_command_and_an_integration() -> None:
    assert set(FILES) == {"commands/failing.py", "integrations/shipyard.py"}


def test_they_are_found_by_their_files_and_nothing_is_imported(folder: Path) -> None:
    found = extensions.look(folder)
    assert (found.commands, found.integrations) == (("failing",), ("shipyard",))
    assert extensions.problems(folder, strict=True) == []
    assert "integrations.shipyard" not in sys.modules


def test_what_the_page_says_to_write_is_typed_deployed_and_recorded(
    folder: Path, launched_url: str, tmp_path: Path
) -> None:
    """In a process of its own: what is found there is found by every test after it."""
    (tmp_path / "token").write_text("a token of Shipyard's, long enough")
    (tmp_path / "token").chmod(0o600)
    shipyard = {"url": "https://shipyard.hospital.example/api", "token_file": "token"}
    file = write_site(
        tmp_path,
        launched_url,
        extensions=["extensions/"],
        integrations={"shipyard": shipyard},
    )
    services = json.loads((tmp_path / "services.yaml").read_text())
    for service in services:
        service["ci"]["deploy_provider"] = "shipyard"
    (tmp_path / "services.yaml").write_text(json.dumps(services))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.extended", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["failing"] == "1 of the 4 newest builds of portal failed."
    assert "List the builds of a service that failed." in said["help"]
    assert said["deploy"] == "succeeded"
    assert said["recorded"] == ["failing"]
    assert (said["sent"]["service"], said["sent"]["environment"]) == ("portal", "test")
    assert said["posts"] == 1


def test_an_integration_of_the_folder_is_known_to_the_settings(
    folder: Path, launched_url: str, tmp_path: Path
) -> None:
    assert folder.is_dir()
    block = {"shipyard": {"url": "https://shipyard.hospital.example/"}}
    file = write_site(tmp_path, launched_url, extensions=["extensions"], integrations=block)
    assert "shipyard" in load(file, {}).integrations
    file = write_site(tmp_path, launched_url, integrations=block)
    with pytest.raises(ConfigurationError, match="nothing here talks to shipyard"):
        load(file, {})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("commands/deploy.py", "", "Wardroom has `deploy` itself; give yours another name"),
        ("integrations/buildbot.py", "", "Wardroom has `buildbot` itself"),
        ("commands/x.py", "import os\n", "x.py:1: imports os; a command asks for a port"),
        ("commands/x.py", "from urllib.request import urlopen\n", "imports urllib.request; a"),
        (
            "commands/x.py",
            "\nfrom bot.storage import database\n",
            "x.py:2: imports bot.storage; of",
        ),
        (
            "commands/x.py",
            "from bot import api\nimport bot\n",
            "x.py:2: imports bot; of ours it may",
        ),
        ("commands/x.py", "from integrations.buildbot import rest\n", "it may import bot.api"),
        ("commands/x.py", "def run():\n    import subprocess\n", "x.py:2: imports subprocess"),
        ("commands/x/__init__.py", "from .y import z\n", "it may import bot.api"),
        ("integrations/x.py", "from bot.settings import load\n", "bot.api and bot.vendors"),
        (
            "integrations/x.py",
            "from integrations.buildbot import rest\n",
            "bot.api and bot.vendors",
        ),
        ("integrations/x.py", "def (\n", "is no Python"),
    ],
)
def test_what_breaks_our_rules_is_said_with_its_place(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    write(tmp_path, name, text)
    wrong = extensions.problems(tmp_path, strict=False)
    assert any(said in sentence for sentence in wrong), wrong
    with pytest.raises(ConfigurationError, match="extensions: "):
        extensions.use([tmp_path], [], strict=False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("commands/x.py", "import re\nfrom bot.api import Command\n"),
        ("commands/x/y.py", "from commands.x import z\n"),
        ("integrations/x.py", "import httpx\nfrom bot.vendors import Vendor\n"),
    ],
)
def test_what_keeps_them_is_taken(tmp_path: Path, name: str, text: str) -> None:
    if "/x/" in name:
        write(tmp_path, "commands/x/__init__.py", "")
    write(tmp_path, name, text)
    assert extensions.problems(tmp_path, strict=False) == []


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    (wrong,) = extensions.problems(tmp_path, strict=False)
    assert "has neither commands/ nor integrations/ with something in it" in wrong


def test_in_production_nobody_else_may_write_there(folder: Path) -> None:
    file = folder / "commands" / "failing.py"
    file.chmod(0o666)
    assert extensions.problems(folder, strict=False) == []
    (wrong,) = extensions.problems(folder, strict=True)
    assert wrong == f"{file}: everybody on this machine may write to it; run: chmod o-w {file}"
