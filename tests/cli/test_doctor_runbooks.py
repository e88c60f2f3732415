"""`wardroom doctor --only runbooks`: what to mend before the night, and how old the pages are."""

from __future__ import annotations

import os
from pathlib import Path

from click.testing import CliRunner

from bot.cli.runbook import command
from tests.cli.clinic import Report, doctor
from tests.cli.conftest import configure


async def looked() -> Report:
    return await doctor("--only", "runbooks")


async def test_a_runbook_that_cannot_be_used_is_named(home: Path) -> None:
    folder = home / "books"
    folder.mkdir()
    (folder / "torn.yaml").write_text("name: torn\n")
    configure(home, runbooks=["books"])
    found = (await looked()).of("runbooks")
    assert (found["state"], found["text"]) == ("warn", "cannot be used: torn")


async def test_pages_that_are_missing_or_old_are_said(home: Path) -> None:
    assert "not written every night" in (await looked()).of("runbook pages")["text"]
    configure(home, runbooks_export={"folder": "paper", "at": "02:00"})
    none = (await looked()).of("runbook pages")
    assert none["state"] == "warn"
    assert none["text"].startswith("there are none in")
    assert CliRunner().invoke(command, ["export", "paper"]).exit_code == 0
    assert (await looked()).of("runbook pages")["state"] == "ok"
    os.utime(home / "paper/CONTENTS.txt", (0, 0))
    assert "hours old" in (await looked()).of("runbook pages")["text"]


async def test_the_hour_has_to_be_one(home: Path) -> None:
    configure(home, runbooks_export={"folder": "paper", "at": "25:00"})
    said = (await looked()).of("settings")
    assert "runbooks_export.at: must be an hour and a minute" in said["mend"]
