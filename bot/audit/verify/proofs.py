"""Proofs in a file: that an event is in a log (C2SP tlog-proof), and that a log has grown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.audit.verify.bundle import compare_same_size
from bot.audit.verify.findings import Findings, Head, Unreadable, shown
from bot.audit.verify.hashing import follow, has_grown, leaf_of
from bot.audit.verify.notes import Key, Note, decoded, number, tree_hash, utf8
from bot.audit.verify.walk import named_event, seq_of

_LONGEST: Final = 1 << 25
_INCLUSION: Final = "c2sp.org/tlog-proof@v1"
_OLD: Final = re.compile("old ([0-9]+)")


@dataclass(frozen=True)
class _Proof:
    """A proof as it is written: its first lines, the hashes, and the checkpoint."""

    lines: list[str]
    path: list[bytes]
    note: Note

    @classmethod
    def parse(cls, raw: bytes) -> _Proof:
        before, _, note = raw.partition(b"\n\n")
        lines = utf8(before).split("\n")
        count = next((at for at, line in enumerate(lines) if " " not in line and at), len(lines))
        return cls(lines[:count], [tree_hash(line) for line in lines[count:]], Note.parse(note))


def verify_proof(
    file: Path, kept: Sequence[Head] = (), keys: Sequence[Key] = (), event: Path | None = None
) -> tuple[Findings, str]:
    """Verify a proof of one event, or that a log has grown from a kept checkpoint; Unreadable.

    Returns what was found, and the event where it is proved. Its bytes are in the proof, or in
    the file `event`.
    """
    findings = Findings()
    try:
        proof = _Proof.parse(_read(file))
        head = Head(proof.note.size, proof.note.root, origin=proof.note.origin)
        findings.size, findings.root = head.size, head.root.hex()
        old = _OLD.fullmatch(proof.lines[0])
        if old:
            _check_growth(number(old[1]), proof.path, head, kept, findings)
            body = None
        else:
            index, body = _inclusion(proof.lines, event)
    except ValueError as error:
        raise Unreadable(f"{file}: this is no proof: {error}") from error
    try:
        findings.signed_by = proof.note.signers(keys) if keys else ()
    except ValueError as error:
        findings.add("SIGNATURE", f"its checkpoint cannot be believed: {error}", always=True)
    if body is None:
        return findings, ""
    findings.part = f"event {index + 1} of {head.size}"
    _check_event(body, index, proof.path, head, findings)
    compare_same_size(findings, head, kept)
    return findings, shown(body.decode("utf-8", "replace")) if findings.is_intact else ""


def _inclusion(lines: Sequence[str], event: Path | None) -> tuple[int, bytes]:
    if lines[0] != _INCLUSION:
        raise ValueError(f"its first line is not {_INCLUSION}")
    extra = ""
    rest = list(lines[1:])
    if rest and rest[0].startswith("extra "):
        extra = rest.pop(0)[len("extra ") :]
    if len(rest) != 1 or not rest[0].startswith("index "):
        raise ValueError("it does not say of which event")
    if not extra and event is None:
        raise ValueError("the event is not in it: give the event's bytes with --event FILE")
    body = decoded(extra) if event is None else _read(event)
    return number(rest[0][len("index ") :]), body


def _check_event(
    body: bytes, index: int, path: Sequence[bytes], head: Head, findings: Findings
) -> None:
    if follow(leaf_of(body), index, head.size, path) != head.root:
        said = f"these bytes are not event {index + 1} of that log"
        findings.add("ROOT", said, index + 1)
    elif seq_of(body) != index + 1:
        said = f"event {index + 1} is not what it says: {named_event(seq_of(body))}"
        findings.add("ROOT", said, index + 1)


def _check_growth(
    size: int, path: Sequence[bytes], head: Head, kept: Sequence[Head], findings: Findings
) -> None:
    """Compare with what was kept at the older size; then the newer checkpoint may be kept too."""
    olds = [each for each in kept if each.size == size]
    if not olds:
        raise ValueError(f"it is of a log of {size} events: give that checkpoint with --kept")
    findings.part = f"the first {size} of {head.size} events"
    for old in olds:
        has_same_name = not old.origin or old.origin == head.origin
        if has_same_name and has_grown(old, head, path):
            findings.anchored = head.size
        else:
            said = f"the first {size} events are not shown to be those that were noted"
            findings.add("FORK", said, always=True)


def read_kept(file: Path, keys: Sequence[Key] = ()) -> Head:
    """Read a checkpoint that was kept elsewhere; where keys are given, one must have signed it."""
    try:
        note = Note.parse(_read(file))
        if keys:
            note.signers(keys)
    except ValueError as error:
        raise Unreadable(f"{file}: this checkpoint cannot be used: {error}") from error
    return Head(note.size, note.root, origin=note.origin)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            raw = opened.read(_LONGEST + 1)
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from error
    if len(raw) > _LONGEST:
        raise Unreadable(f"{file}: this is too long")
    return raw
