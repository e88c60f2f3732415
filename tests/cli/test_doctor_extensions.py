"""A site's own commands and integrations are listed apart, or the rule that they break is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import commands
import integrations
from tests.cli.clinic import doctor, nowhere
from tests.cli.conftest import configure

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what a test adds found by no other test."""
    for package in (commands, integrations):
        monkeypatch.setattr(package, "__path__", list(package.__path__))


def write(home: Path, name: str, text: str) -> None:
    file = home / "extensions" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


async def test_none_is_no_fault(home: Path) -> None:
    nowhere(home)
    assert (await doctor("--only", "extensions")).of("extensions")["state"] == "ok"


async def test_what_a_folder_adds_is_listed(home: Path) -> None:
    nowhere(home)
    write(home, "integrations/shipyard.py", '"""Ships."""\n')
    write(home, "integrations/labsys/__init__.py", '"""Labs."""\n')
    configure(home, extensions=["extensions"])
    found = (await doctor("--only", "extensions")).of("extensions")
    assert found["state"] == "ok"
    assert found["text"].endswith("adds commands: none; integrations: labsys, shipyard")


async def test_a_rule_that_is_broken_is_said_with_its_place(home: Path) -> None:
    nowhere(home)
    write(home, "commands/wipe.py", '"""Wipes."""\n\nimport subprocess\n')
    configure(home, extensions=["extensions"])
    report = await doctor("--only", "extensions")
    found = report.of("extensions")
    assert (report.code, found["state"]) == (1, "fail")
    assert "wipe.py:3: imports subprocess; a command asks for a port" in found["mend"]
