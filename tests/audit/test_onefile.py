"""The verifier as one file, on a machine that has never seen Wardroom."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.audit import verify
from bot.audit.onefile import one_file
from tests.audit.bundles import KEY, OTHER, Bundle, Log, bodies

LOG = Log(bodies(300))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine that has never seen Wardroom: a folder with the verifier in it."""
    folder = tmp_path_factory.mktemp("auditor")
    (folder / "verify_export.py").write_text(one_file(), "utf-8")
    return folder


def run(alone: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "verify_export.py", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=alone)


def test_one_file_verifies_a_bundle_and_a_proof(alone: Path) -> None:
    Bundle.of(LOG, alone / "log")
    (alone / "older").write_bytes(LOG.note(200))
    (alone / "newest").write_bytes(LOG.note())
    (alone / "proof").write_text(LOG.tlog_proof(7))
    pinned = ("--key", f"{KEY.key}@1..300")

    whole = run(alone, "log", *pinned, "--kept", "older", "--kept", "newest")
    window = run(alone, "log", *pinned, "--kept", "older")
    event = run(alone, "--proof", "proof", *pinned)
    other = run(alone, "log", "--key", OTHER.key)

    assert (whole.returncode, whole.stderr) == (verify.WHOLE, "")
    assert whole.stdout == (
        f"integrity: whole: 300 events, root {LOG.root().hex()}, "
        f"signed by {KEY.key.name}+{KEY.key.key_id.hex()}\n"
        "completeness: all 300 events are those kept elsewhere\n"
    )
    assert window.returncode == verify.UNANCHORED
    assert "UNANCHORED 201..300: the first 200 are those kept elsewhere" in window.stdout
    assert event.returncode == verify.WHOLE
    assert event.stdout.splitlines()[-1] == LOG.bodies[6].decode()
    assert other.returncode == verify.NOT_WHOLE
    assert "integrity: NOT whole: SIGNATURE" in other.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "none.manifest.json: No such file"),
        (["--proof", "none"], "none: No such file"),
        (["none", "--kept", "none"], "none: No such file"),
        (["none", "--size", "7"], "--size and --root belong together"),
        ([], "give an export, or a proof"),
        (["none", "--proof", "none"], "give an export, or a proof"),
        (["none", "--key", "no+key"], "it is not name+id+key"),
    ],
)
def test_what_cannot_be_read_is_said(alone: Path, arguments: list[str], said: str) -> None:
    told = run(alone, *arguments)
    assert (told.returncode, told.stdout) == (verify.UNREADABLE, "")
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_one_file_is_python_3_9_and_says_nothing_twice() -> None:
    tree = ast.parse(one_file(), feature_version=(3, 9))
    names: Counter[str] = Counter()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] += 1
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] += 1
        elif isinstance(node, ast.Assign):
            names.update(each.id for each in node.targets if isinstance(each, ast.Name))
    assert [name for name, count in names.items() if count > 1] == []
    assert {"main", "check", "verify_file", "is_signed"} <= set(names)
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {(name or "").partition(".")[0] for name in imported} <= sys.stdlib_module_names
    # What came after 3.9 and a parser does not see.
    later = {"bit_count", "pairwise", "strict", "TypeAlias", "StrEnum", "UTC", "slots", "kw_only"}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {node.arg or "" for node in ast.walk(tree) if isinstance(node, ast.keyword)}
    used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert used & later == set()
