"""A log without some of its content verifies, as far as it says itself what it has not."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from bot.audit import record, verify
from bot.audit.onefile import one_file
from bot.audit.tree import leaf_hash
from bot.audit.verify import pruned
from bot.audit.verify.pruned import GONE, Pruned, joined, runs_of, without
from tests.audit.bundles import KEY, Bundle, Log, bodies

SAID = {"events": "2-5,7", "through": "7", "archive": "1-7.9", "sha256": "ab"}


def pruning(seq: int, **changes: str) -> bytes:
    """An event that says what was pruned."""
    said: record.Fields = {"kind": "prune", "seq": seq, "ts": 1_000_000, "params": SAID | changes}
    return record.encode(said)


def log_of(*events: bytes) -> Log:
    """A log of twenty events, and these after them."""
    return Log([*bodies(20), *events])


def lines_of(log: Log, *gone: int) -> list[bytes]:
    """The log as an export of it has it once some events are gone."""
    return [
        verify.line_of(seq, leaf_hash(body)) if seq in gone else body
        for seq, body in enumerate(log.bodies, 1)
    ]


def exported(log: Log, file: Path, *gone: int) -> Bundle:
    """Write the export of a log of which some events are gone."""
    bundle = Bundle.of(log, file)
    bundle.write(lines_of(log, *gone))
    bundle.describe(pruned=len(gone))
    return bundle


def test_what_the_log_says_was_pruned_may_be_gone(tmp_path: Path) -> None:
    log = log_of(pruning(21))
    findings = exported(log, tmp_path / "log", 2, 3, 4, 5, 7).verified()
    assert findings.problems == []
    assert findings.gone == "5 of them pruned, up to event 7"
    assert findings.pruned == [
        "5 of the events 2 to 7 pruned on 1970-01-01 (event 21), archive 1-7.9, sha256 ab"
    ]


def test_less_may_be_gone_than_was_said(tmp_path: Path) -> None:
    findings = exported(log_of(pruning(21)), tmp_path / "log", 3).verified()
    assert (findings.ok, findings.gone) == (True, "1 of them pruned, up to event 3")


@pytest.mark.parametrize("gone", [(6,), (1, 2, 3), (8, 9), (20,), (21,)])
def test_what_no_event_names_must_be_there(tmp_path: Path, gone: tuple[int, ...]) -> None:
    findings = exported(log_of(pruning(21)), tmp_path / "log", *gone).verified()
    assert findings.names == ["BODY"]
    assert findings.first_bad in gone


@pytest.mark.parametrize(
    "said",
    [
        pruning(21, events="21"),
        pruning(21, events="2-22"),
        pruning(21, events="2-x"),
        pruning(21, events="9-2"),
        pruning(21, events=""),
        record.encode({"kind": "system", "seq": 21, "ts": 1, "params": SAID}),
        record.encode({"kind": "prune", "seq": 21, "ts": 1}),
    ],
)
def test_an_event_that_makes_no_sense_speaks_for_nothing(tmp_path: Path, said: bytes) -> None:
    findings = exported(log_of(said), tmp_path / "log", 2).verified()
    assert "BODY" in findings.names


def test_an_export_says_who_is_gone_in_its_own_hashes(tmp_path: Path) -> None:
    log = log_of(pruning(21))
    bundle = exported(log, tmp_path / "log", 2, 3)
    lines = lines_of(log, 2, 3)
    other = verify.line_of(2, leaf_hash(b"other"))
    for changed in (
        [*lines[:1], other, *lines[2:]],
        [*lines[:1], GONE, *lines[2:]],
        [*lines[:1], lines[1].replace(b'"seq":2', b'"seq":4'), *lines[2:]],
        [*lines[:1], lines[1] + b" ", *lines[2:]],
        [lines[0], *lines[2:]],
        [lines[0], lines[2], lines[1], *lines[3:]],
    ):
        bundle.write(changed)
        bundle.describe()
        assert not bundle.verified().is_intact


def test_no_flipped_byte_of_a_pruned_export_verifies(tmp_path: Path) -> None:
    bundle = exported(log_of(pruning(21)), tmp_path / "log", 2, 3, 7)
    original = bundle.file.read_bytes()
    choose = random.Random(12)  # noqa: S311 - chooses test data
    for _ in range(60):
        changed = bytearray(original)
        changed[choose.randrange(len(changed))] ^= 1 << choose.randrange(8)
        bundle.file.write_bytes(changed)
        bundle.describe()  # whoever changes it can write another manifest
        assert not bundle.verified().is_intact


def test_a_whole_tile_that_is_gone_is_taken_at_once() -> None:
    log = Log([*bodies(600), pruning(601, events="1-600")])
    rows = [(seq, GONE, leaf_hash(body)) for seq, body in enumerate(log.bodies[:600], 1)]
    rows.append((601, log.bodies[600], leaf_hash(log.bodies[600])))
    head = verify.Head(601, log.root())
    kept = [verify.Head(size, log.root(size)) for size in (1, 255, 256, 300, 600)]
    findings = verify.check(rows, head, kept)
    assert (findings.problems, findings.anchored) == ([], 600)
    swapped = [rows[1], rows[0], *rows[2:]]
    assert not verify.check(swapped, head).is_intact
    short = [(1, GONE, b"short"), *rows[1:]]
    assert not verify.check(short, head).is_intact
    assert not verify.check(rows[:200] + rows[201:], head).is_intact


def test_a_pruned_export_verifies_with_one_file_of_plain_python(tmp_path: Path) -> None:
    bundle = exported(log_of(pruning(21)), tmp_path / "log", 2, 3)
    (tmp_path / "verify_export.py").write_text(one_file(), "utf-8")
    command = [sys.executable, "-I", "-S", "verify_export.py", bundle.file.name, "--key"]
    told = subprocess.run(
        [*command, str(KEY.key)], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert "(2 of them pruned, up to event 3)" in told.stdout
    assert "archive 1-7.9" in told.stdout


def test_runs_of_events_are_reckoned_as_sets_are() -> None:
    choose = random.Random(1)  # noqa: S311 - chooses test data
    for _ in range(300):
        one, other = ({choose.randint(1, 30) for _ in range(choose.randint(0, 20))} for _ in "ab")
        runs = [joined((each, each) for each in sorted(some)) for some in (one, other)]
        left = {seq for first, last in without(runs[0], runs[1]) for seq in range(first, last + 1)}
        assert left == one - other
        assert verify.counted(runs[0]) == len(one)
        if one:
            assert runs_of(verify.written_runs(runs[0])) == runs[0]


def test_many_that_are_missing_are_counted_not_listed() -> None:
    findings, gone = verify.Findings(), Pruned()
    for seq in range(1, 100, 2):
        gone.miss(seq, seq)
    gone.judge(findings)
    assert len(findings.problems) == pruned._MOST + 1
    assert findings.problems[-1] == "and of 45 more events"
    assert findings.names == ["BODY"]
