"""`wardroom audit export` writes the log or a part of it, and records what was asked for."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from bot.audit import verify
from bot.audit.disclosure.sdjwt import Disclosure
from bot.audit.export import Format
from tests.cli.test_audit import _damage, filled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_audit import Typing

__all__ = ["filled"]  # the log with three deploys; pytest finds it by its name


def exports_of(home: Path) -> list[dict[str, str]]:
    """What the log says of its exports."""
    with sqlite3.connect(home / "wardroom.db") as log:
        bodies = [json.loads(body) for (body,) in log.execute("SELECT body FROM audit")]
    return [body["params"] for body in bodies if body["verb"] == "audit export"]


@pytest.mark.parametrize("form", list(Format))
def test_every_format_can_be_had(wardroom: Typing, filled: Path, form: Format) -> None:
    out = filled / "log"

    made = wardroom("audit", "export", "--format", form.value, "--out", str(out))

    assert made.exit_code == 0, made.output
    assert made.output.startswith("4 events, root ")
    assert made.output.splitlines()[1:] == [
        *(str(out), f"{out}.manifest.json", f"{out}.checkpoint"),
    ]
    assert exports_of(filled) == [{"format": form.value, "file": "log"}]


def test_a_range_has_its_proofs(wardroom: Typing, filled: Path) -> None:
    out = str(filled / "log")

    made = wardroom("audit", "export", "--format", "jsonl", "--out", out, "--from=2", "--to=3")
    verified = wardroom("audit", "verify", out)

    assert made.output.startswith("2 of 4 events, root ")
    assert made.output.splitlines()[-1] == f"{out}.proofs"
    assert verified.exit_code == 0, verified.output
    assert exports_of(filled) == [{"format": "jsonl", "file": "log", "from": "2", "to": "3"}]


def test_a_search_exports_what_it_finds_and_is_recorded_as_asked(
    wardroom: Typing, filled: Path
) -> None:
    out = filled / "log"
    words = ("deployed", "--person", "engineer", "--until", "2100-01-01")

    made = wardroom("audit", "export", "--format", "jsonl", "--out", str(out), *words)

    assert made.output.startswith("2 of 4 events, root ")
    shown = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert [each["request"] for each in shown] == ["REQ-1", "REQ-3"]
    assert verify.verify_file(out).ok
    (asked,) = exports_of(filled)
    assert "query" not in asked  # what somebody typed is kept beside the record, sealed
    whole = filled / "whole"
    wardroom("audit", "export", "--format", "jsonl", "--out", str(whole), "--with-openings")
    lines = (filled / "whole.openings").read_text("utf-8").splitlines()
    opened = [Disclosure.parse(text) for line in lines for text in json.loads(line)["disclosures"]]
    assert 'deployed person:"engineer" until:"2100-01-01"' in [each.value for each in opened]


def test_a_search_that_is_wrong_or_names_a_patient_exports_nothing(
    wardroom: Typing, filled: Path
) -> None:
    export = ("audit", "export", "--format", "jsonl", "--out", str(filled / "log"))

    wrong = wardroom(*export, "colour:red")
    patient = wardroom(*export, "MRN 12345678")
    backwards = wardroom(*export, "--from", "3", "--to", "2")

    assert "There is no filter `colour:`" in wrong.output
    assert "--to 2 comes before --from 3" in backwards.output
    assert (wrong.exit_code, patient.exit_code, backwards.exit_code) == (2, 2, 2)
    assert not (filled / "log").exists()
    assert exports_of(filled) == []


def test_a_damaged_event_in_it_is_said(wardroom: Typing, filled: Path) -> None:
    _damage(filled, "UPDATE audit SET leaf = zeroblob(32) WHERE seq = 2")
    out = str(filled / "log")

    made = wardroom("audit", "export", "--format", "csv", "--out", out, "--from", "1")
    part = wardroom("audit", "export", "--format", "cef", "--out", f"{out}.cef", "--to", "3")

    assert (made.exit_code, part.exit_code) == (1, 1)
    for said in (made.output, part.output):
        assert "WARNING: event 2 is damaged; run: wardroom audit verify" in said
