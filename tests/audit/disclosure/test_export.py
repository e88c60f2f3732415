"""Openings beside an export: there only when asked for, and checked by the verifier alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.audit import verify
from bot.audit.export import Format, export
from bot.audit.onefile import one_file
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.disclosure.test_stored import CANARY, REASONED, VAULT, a_sealing_log
from tests.audit.events import draft


@pytest.fixture
async def filled(database: Database, clock: TurnedClock) -> Database:
    async with a_sealing_log(database, clock) as log:
        for each in (draft(), REASONED, draft(), REASONED):
            await log.append(each)
    return database


def written(database: Database, file: Path, form: Format, *, opened: bool) -> Path:
    """Export the log."""
    vault = VAULT if opened else None
    database.read_now(lambda connection: export(connection, file, form, vault=vault))
    return file


@pytest.mark.parametrize("form", list(Format))
def test_without_asking_no_byte_of_a_sensitive_text_leaves(
    filled: Database, tmp_path: Path, form: Format
) -> None:
    written(filled, tmp_path / "log", form, opened=False)
    assert not [each for each in tmp_path.glob("log*") if CANARY.encode() in each.read_bytes()]
    assert not (tmp_path / "log.openings").exists()


@pytest.mark.parametrize("form", [Format.JSONL, Format.CSV])
def test_openings_are_verified_where_they_are_and_may_be_taken_away(
    filled: Database, tmp_path: Path, form: Format
) -> None:
    file = written(filled, tmp_path / "log", form, opened=True)
    openings = file.with_name("log.openings")
    lines = [json.loads(line) for line in openings.read_text().splitlines()]
    assert [line["seq"] for line in lines] == [2, 4]
    assert verify.verify_file(file).ok
    openings.unlink()
    assert verify.verify_file(file).ok


def swapped(lines: list[str]) -> list[str]:
    """Two events' openings exchanged."""
    first, second = (json.loads(line) for line in lines)
    first["disclosures"], second["disclosures"] = second["disclosures"], first["disclosures"]
    return [json.dumps(first), json.dumps(second)]


@pytest.mark.parametrize(
    "tamper",
    [
        swapped,
        lambda lines: [lines[1], lines[0]],
        lambda lines: [lines[0], lines[0]],
        lambda lines: lines[:1],
        lambda lines: [*lines, '{"seq": 9, "disclosures": ["WyJzIiwgIm4iLCAxXQ"]}'],
        lambda lines: [lines[0].replace("2", "3", 1), lines[1]],
        lambda _lines: ["nonsense"],
    ],
)
def test_an_opening_that_was_tampered_with_is_found_by_the_verifier(
    filled: Database, tmp_path: Path, tamper: Callable[[list[str]], list[str]]
) -> None:
    file = written(filled, tmp_path / "log", Format.JSONL, opened=True)
    openings = file.with_name("log.openings")
    openings.write_text("\n".join(tamper(openings.read_text().splitlines())) + "\n")
    findings = verify.verify_file(file)
    assert not findings.ok
    assert "opening" in findings.problems[0]


def test_the_one_file_verifier_checks_openings(filled: Database, tmp_path: Path) -> None:
    file = written(filled, tmp_path / "log", Format.JSONL, opened=True)
    program = tmp_path / "verify_export.py"
    program.write_text(one_file())

    def run() -> int:
        command = [sys.executable, "-I", str(program), str(file)]
        return subprocess.run(command, check=False, capture_output=True, cwd=tmp_path).returncode

    assert run() == 0
    openings = file.with_name("log.openings")
    openings.write_text("\n".join(swapped(openings.read_text().splitlines())) + "\n")
    assert run() != 0
