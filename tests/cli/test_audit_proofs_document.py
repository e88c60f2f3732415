"""docs/audit-proofs.md: its commands run, in their order, and its table is that of the tests."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from bot.audit import verify
from tests.audit.attacks.test_tamper import ATTACKS
from tests.house_rules.tree import ROOT

Typing = Callable[..., Result]

DOCUMENT = (ROOT / "docs/audit-proofs.md").read_text("utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


@pytest.fixture
def hospital(home: Path, wardroom: Typing) -> Path:
    """A folder with a log of three events: somebody searched it."""
    assert wardroom("db", "upgrade").exit_code == 0
    for word in ("one", "two", "three"):
        assert wardroom("audit", "search", word).exit_code == 0
    return home


def test_its_commands_do_what_it_says(hospital: Path, wardroom: Typing) -> None:
    key, said = "", {}
    for line in COMMANDS:
        words = shlex.split(line.replace("NAME+ID+KEY", key))
        if words[0] == "wardroom":
            result = wardroom(*words[1:])
            code, output = result.exit_code, result.output
        else:
            assert words[:3] == ["python3", "-I", "verify_export.py"]
            told = subprocess.run(
                [sys.executable, *words[1:]],
                check=False,
                capture_output=True,
                text=True,
                cwd=hospital,
            )
            code, output = told.returncode, told.stdout + told.stderr
        if line == "wardroom audit keys":
            (key,) = output.split()
        # What was read since is younger than the checkpoint that was kept: it says so, and exits 3.
        is_younger = "--kept" in words and "grown.proof" not in words
        assert code == (verify.UNANCHORED if is_younger else verify.WHOLE), f"{line}: {output}"
        said[line] = output
    last = said["wardroom audit verify --kept older.checkpoint"]
    assert re.search(r"signed by \S+\ncompleteness: UNANCHORED \d+\.\.\d+: the first \d+ ", last)
    assert len(COMMANDS) > 10


def test_its_example_is_what_the_verifier_says() -> None:
    findings = verify.Findings(
        size=5, root="3f1c…", anchored=3, signed_by=["hospital.example/audit+1b4e28ba"]
    )
    assert "```\n{}\n```".format("\n".join(verify.report(findings))) in DOCUMENT


def test_its_table_is_that_of_the_attacks() -> None:
    table = DOCUMENT.partition("| attack | A | B |\n|---|---|---|\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    told = {name: (alone.strip(), beside.strip()) for name, alone, beside in rows}

    for attack in ATTACKS:
        alone, beside = told.pop(attack.name)
        assert set(alone.replace("**passes**", "").split()) == attack.alone
        assert set(beside.split()) == attack.beside
    assert told == {}
    passing = [attack for attack in ATTACKS if not attack.alone]
    assert f"{['four', 'five', 'six'][len(passing) - 4]} attacks pass" in DOCUMENT
    assert all(attack.beside for attack in ATTACKS)


def test_it_names_every_verdict_and_every_exit_code() -> None:
    source = "\n".join(
        path.read_text("utf-8")
        for path in [*(ROOT / "bot/audit/verify").glob("*.py"), ROOT / "bot/audit/whole.py"]
    )
    names = set(re.findall(r'\.add\(\s*"([A-Z]+)"', source))

    assert {"SIGNATURE", "SIZE", "ROOT", "FORK", "ROLLBACK", "DATABASE", "FORM"} <= names
    assert [name for name in names if not re.search(rf"\b{name}\b", DOCUMENT)] == []
    assert [name for name in names if not re.search(rf"\b{name}\b", verify.__doc__ or "")] == []
    for code in (verify.WHOLE, verify.NOT_WHOLE, verify.UNREADABLE, verify.UNANCHORED):
        assert f"\n| {code} | " in DOCUMENT


def test_the_verifier_is_the_same_for_everybody_who_has_this_version(
    hospital: Path, wardroom: Typing
) -> None:
    one, other = wardroom("audit", "verifier"), wardroom("audit", "verifier", "--out", "other.py")
    assert one.output.split()[-1] == other.output.split()[-1]
    assert (hospital / "verify_export.py").read_bytes() == (hospital / "other.py").read_bytes()
    again = wardroom("audit", "verifier")
    assert (again.exit_code, "File exists" in again.output) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--size", "7"],
        ["--root", "00" * 32],
        ["--size", "7", "--root", "xx"],
        ["--key", "no+key"],
        ["--kept", "none"],
        ["none"],
        ["--proof", "none"],
        ["none", "--proof", "none"],
    ],
)
def test_what_audit_verify_cannot_read(
    hospital: Path, wardroom: Typing, arguments: list[str]
) -> None:
    assert hospital.is_dir()
    result = wardroom("audit", "verify", *arguments)
    assert result.exit_code == verify.UNREADABLE
    assert isinstance(result.exception, SystemExit)


def test_a_log_that_another_key_signed_is_not_believed(hospital: Path, wardroom: Typing) -> None:
    assert hospital.is_dir()
    pinned = wardroom("audit", "keys").output.strip()
    assert wardroom("audit", "verify", "--key", pinned).exit_code == verify.WHOLE
    result = wardroom("audit", "verify", "--key", f"{pinned}@..1")
    assert result.exit_code == verify.NOT_WHOLE
    assert "integrity: NOT whole: SIGNATURE" in result.output
