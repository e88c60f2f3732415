"""Proofs in a file, parts of a log, and files that are neither."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.audit import proof, verify
from tests.audit.bundles import KEY, OTHER, Bundle, Log, bodies, kept

LOG = Log(bodies(300))
KEYS = [verify.Key.parse(str(KEY.key))]


def proved(
    text: str, tmp_path: Path, *older: verify.Head, event: bytes | None = None
) -> tuple[verify.Findings, str]:
    file, body = tmp_path / "event.tlog-proof", tmp_path / "event.json"
    file.write_text(text)
    if event is not None:
        body.write_bytes(event)
    return verify.verify_proof(file, older, KEYS, None if event is None else body)


# --- one event ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, 2, 255, 256, 257, 299, 300])
def test_a_proof_shows_its_event(seq: int, tmp_path: Path) -> None:
    findings, event = proved(LOG.tlog_proof(seq), tmp_path)
    assert findings.ok
    assert event == LOG.bodies[seq - 1].decode()
    assert verify.report(findings)[0].startswith(f"integrity: whole: event {seq} of 300, root ")
    assert findings.exit_code == verify.WHOLE


def test_the_only_event_of_a_log_needs_no_hash(tmp_path: Path) -> None:
    assert proved(Log(LOG.bodies[:1]).tlog_proof(1), tmp_path)[0].ok


def test_a_proof_may_come_without_its_event(tmp_path: Path) -> None:
    text = proof.Inclusion(6, tuple(LOG.proved(7)), LOG.note().decode()).text
    assert proved(text, tmp_path, event=LOG.bodies[6])[0].ok
    assert proved(text, tmp_path, event=LOG.bodies[7])[0].names == ["ROOT"]
    with pytest.raises(verify.Unreadable, match="--event FILE"):
        proved(text, tmp_path)


def test_a_proof_is_compared_with_what_was_kept_elsewhere(tmp_path: Path) -> None:
    text = LOG.tlog_proof(7)
    assert proved(text, tmp_path, kept(LOG))[0].exit_code == verify.WHOLE
    assert proved(text, tmp_path, kept(LOG, 9))[0].exit_code == verify.UNANCHORED
    assert proved(text, tmp_path, kept(Log(bodies(301))))[0].names == ["ROLLBACK"]
    assert proved(text, tmp_path, kept(Log(bodies(300, "x"))))[0].names == ["FORK"]


def test_a_proof_signed_by_another_key_shows_nothing(tmp_path: Path) -> None:
    findings, event = proved(Log(LOG.bodies, OTHER).tlog_proof(7), tmp_path)
    assert (findings.names, event) == (["SIGNATURE"], "")


def test_an_event_under_another_number_than_it_says_is_not_that_event(tmp_path: Path) -> None:
    odd = Log([LOG.bodies[1], LOG.bodies[0]])
    assert proved(odd.tlog_proof(1), tmp_path)[0].problems == [
        "event 1 is not what it says: event 2"
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[1:],
        lambda lines: ["c2sp.org/tlog-proof@v2", *lines[1:]],
        lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
        lambda lines: [*lines[:2], "index 06", *lines[3:]],
        lambda lines: [*lines[:2], "index -6", *lines[3:]],
        lambda lines: [*lines[:2], f"index {2**53}", *lines[3:]],
        lambda lines: [*lines[:2], "index", *lines[3:]],
        lambda lines: [*lines[:3], "AAAA", *lines[4:]],
        lambda lines: [*lines[:3], "", *lines[4:]],
        lambda lines: lines[:12],
        lambda lines: [f"{line}\r" for line in lines],
        lambda lines: [*lines, "junk"],
        lambda _: [""],
    ],
)
def test_what_is_no_proof_is_not_read(
    change: Callable[[list[str]], list[str]], tmp_path: Path
) -> None:
    lines = LOG.tlog_proof(7).split("\n")
    with pytest.raises(verify.Unreadable, match="no proof"):
        proved("\n".join(change(lines)), tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:2], "index 7", *lines[3:]],
        lambda lines: [*lines[:2], "index 300", *lines[3:]],
        lambda lines: [*lines[:3], *lines[4:]],
        lambda lines: [*lines[:3], lines[3], *lines[3:]],
        lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
    ],
)
def test_a_proof_of_something_else_proves_nothing(
    change: Callable[[list[str]], list[str]], tmp_path: Path
) -> None:
    lines = LOG.tlog_proof(7).split("\n")
    findings, event = proved("\n".join(change(lines)), tmp_path)
    assert (findings.names, event) == (["ROOT"], "")


def test_each_byte_of_a_proof_counts(tmp_path: Path) -> None:
    log = Log(LOG.bodies[:4])
    original = log.tlog_proof(3).encode()
    file = tmp_path / "event.tlog-proof"
    # The checkpoint's own bytes are tried elsewhere; without a key this is quick.
    for place in range(len(original) - len(log.note())):
        changed = bytearray(original)
        changed[place] ^= 1
        file.write_bytes(changed)
        try:
            assert not verify.verify_proof(file)[0].ok, place
        except verify.Unreadable:
            continue


def test_what_was_written_into_an_event_does_not_reach_the_terminal(tmp_path: Path) -> None:
    hostile = Log([LOG.bodies[0], b'{"seq":2,"text":"\x7f\xe2\x80\xae"}'])
    findings, event = proved(hostile.tlog_proof(2), tmp_path)
    assert findings.ok
    assert event.isascii()
    assert event.isprintable()


# --- that a log has grown ----------------------------------------------------------------------


def grown(log: Log, old: int) -> str:
    path = tuple(log.consistency(old, len(log.bodies)))
    return proof.Consistency(old, path, log.note().decode()).text


@pytest.mark.parametrize("old", [1, 2, 128, 255, 256, 257, 299])
def test_a_log_is_shown_to_have_grown_from_what_was_kept(old: int, tmp_path: Path) -> None:
    findings, event = proved(grown(LOG, old), tmp_path, kept(LOG, old))
    assert (findings.exit_code, event) == (verify.WHOLE, "")
    assert f"the first {old} of 300 events" in verify.report(findings)[0]


def test_a_log_is_not_shown_to_have_grown_from_another(tmp_path: Path) -> None:
    text = grown(LOG, 100)
    assert proved(text, tmp_path, kept(Log(bodies(100, "x")), 100))[0].names == ["FORK"]
    with pytest.raises(verify.Unreadable, match="a log of 100 events: give that checkpoint"):
        proved(text, tmp_path, kept(LOG, 99))
    for change in (text.replace("old 100", "old 0100"), text.replace("old 100\n", "")):
        with pytest.raises(verify.Unreadable):
            proved(change, tmp_path, kept(LOG, 100))
    lines = text.split("\n")
    shorter = "\n".join([lines[0], *lines[2:]])
    assert proved(shorter, tmp_path, kept(LOG, 100))[0].names == ["FORK"]


# --- a part of the log -------------------------------------------------------------------------


def test_a_range_is_whole(tmp_path: Path) -> None:
    bundle = Bundle.of_part(LOG, tmp_path / "log", range(250, 270))
    findings = bundle.verified(kept(LOG))
    assert findings.exit_code == verify.WHOLE
    assert "whole: events 250 to 269 of 300, root" in verify.report(findings)[0]


def test_a_search_says_that_somebody_chose(tmp_path: Path) -> None:
    bundle = Bundle.of_part(LOG, tmp_path / "log", [3, 7, 290])
    findings = bundle.verified()
    assert findings.ok
    assert "3 of the events 3 to 290 of 300, chosen by whoever exported them" in findings.part
    assert bundle.verified(reads_each=True).ok
    assert bundle.verified(kept(LOG, 100)).exit_code == verify.UNANCHORED
    assert "cannot be compared" in verify.report(bundle.verified(kept(LOG, 100)))[1]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda log: log[:4] + log[5:], {"ROOT", "SIZE", "FILE"}),
        (lambda log: [*log, log[-1]], {"ROOT", "SIZE", "FILE"}),
        (lambda log: [log[0], log[2], log[1], *log[3:]], {"ROOT", "FILE"}),
        (lambda log: [log[0].replace(b"engineer", b"innocent"), *log[1:]], {"ROOT", "FILE"}),
        (lambda log: [b"{}", *log[1:]], {"ROOT", "FILE", "SIZE"}),
        (lambda log: log[:-1], {"SIZE", "FILE"}),
    ],
)
def test_a_part_that_was_changed_is_not_whole(
    change: Callable[[list[bytes]], list[bytes]], names: set[str], tmp_path: Path
) -> None:
    bundle = Bundle.of_part(LOG, tmp_path / "log", range(250, 270))
    bundle.write(change(bundle.lines))
    found = set(bundle.verified().names)
    assert found
    assert found <= names


def test_an_event_taken_out_of_a_range_with_its_proof_is_missed(tmp_path: Path) -> None:
    bundle = Bundle.of_part(LOG, tmp_path / "log", range(250, 270))
    bundle.write(bundle.lines[:5] + bundle.lines[6:])
    proofs = bundle.proofs.read_bytes().splitlines(keepends=True)
    bundle.proofs.write_bytes(b"".join(proofs[:5] + proofs[6:]))
    bundle.describe()
    findings = bundle.verified()
    assert (findings.names, findings.first_bad) == (["SIZE"], 255)
    assert findings.problems[0] == "events 255 to 255 are missing"
    bundle.describe(events=19)  # then it does not claim to be a range any more
    assert "chosen by whoever exported them" in bundle.verified().part


def test_a_part_without_its_proofs_is_unreadable(tmp_path: Path) -> None:
    bundle = Bundle.of_part(LOG, tmp_path / "log", [3])
    bundle.proofs.unlink()
    with pytest.raises(verify.Unreadable, match=r"log\.proofs: No such file"):
        bundle.verified()


@pytest.mark.parametrize(
    "said",
    [
        {"format": "wardroom-audit-export/3"},
        {"kind": "fhir"},
        {"size": -1},
        {"size": "x"},
        {"root": "00"},
        {"root": None},
        {"span": 255},
        {"span": 100_000},
        {"span": 128},
        {"first": 2},
        {"last": 299},
        {"events": 301},
        {"tiles": []},
        {"tiles": 7},
        {"more": 1},
    ],
)
def test_a_manifest_that_makes_no_sense_is_unreadable(
    said: dict[str, object], tmp_path: Path
) -> None:
    bundle = Bundle.of(LOG, tmp_path / "log")
    bundle.describe(**said)
    with pytest.raises(verify.Unreadable, match="manifest"):
        bundle.verified()


def test_an_export_of_the_first_format_is_still_read(tmp_path: Path) -> None:
    bundle = Bundle.of(LOG, tmp_path / "log")
    bundle.checkpoint.unlink()
    now = json.loads(bundle.manifest.read_text())
    before = {name: now[name] for name in ("kind", "size", "root", "tiles", "sha256")}
    bundle.manifest.write_text(json.dumps({"format": "wardroom-audit-export/1", **before}))
    assert verify.verify_file(bundle.file, [kept(LOG, 256)]).exit_code == verify.UNANCHORED
    assert verify.verify_file(bundle.file, [kept(LOG)]).exit_code == verify.WHOLE


# --- odd files ---------------------------------------------------------------------------------


def test_a_log_that_did_not_grow_needs_no_hash(tmp_path: Path) -> None:
    note = LOG.note().decode()
    same, more = f"old 300\n\n{note}", f"old 300\n{'A' * 43}=\n\n{note}"
    assert proved(same, tmp_path, kept(LOG))[0].exit_code == verify.WHOLE
    assert proved(more, tmp_path, kept(LOG))[0].names == ["FORK"]
    assert proved(f"old 100\n\n{note}", tmp_path, kept(LOG, 100))[0].names == ["FORK"]
    too_long = grown(LOG, 100).replace("\n\n", f"\n{'A' * 43}=\n\n", 1)
    assert proved(too_long, tmp_path, kept(LOG, 100))[0].names == ["FORK"]


def test_what_is_no_file_is_unreadable(tmp_path: Path) -> None:
    bundle = Bundle.of(LOG, tmp_path / "log")
    bundle.checkpoint.unlink()
    bundle.checkpoint.mkdir()
    with pytest.raises(verify.Unreadable, match=r"log\.checkpoint: Is a directory"):
        bundle.verified()
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1 << 26)
    with pytest.raises(verify.Unreadable, match="too long"):
        verify.read_kept(tmp_path / "huge")


def test_a_csv_that_is_none_is_not_whole(tmp_path: Path) -> None:
    bundle = Bundle.of(LOG, tmp_path / "log")
    bundle.write([b"seq", b"x" * ((1 << 24) + 1)])
    bundle.describe(kind="csv")
    findings = bundle.verified()
    assert "FILE" in findings.names
    assert any("cannot be read as CSV" in problem for problem in findings.problems)


def test_the_program_says_what_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "event.tlog-proof"
    file.write_text(LOG.tlog_proof(7))
    given = ["--proof", str(file), "--key", str(KEY.key), "--size", "300", "--root"]
    assert verify.main([*given, LOG.root().hex()]) == verify.WHOLE
    assert LOG.bodies[6].decode() in capsys.readouterr().out
    for wrong in (["--size", "7", "x"], ["x", "--key", "y"], ["x", "--proof", "y"], []):
        with pytest.raises(SystemExit, match="2"):
            verify.main(wrong)
