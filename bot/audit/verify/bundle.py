"""An export: a file of events, and what lies beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Final

from bot.audit.verify.findings import HASH_BYTES, TILE, Findings, Head, Unreadable
from bot.audit.verify.form import read_each
from bot.audit.verify.hashing import follow, leaf_of
from bot.audit.verify.notes import Key, believed
from bot.audit.verify.openings import check_openings, openings_of
from bot.audit.verify.pruned import row_of
from bot.audit.verify.spreadsheet import bodies_of_csv
from bot.audit.verify.walk import check, check_leaves, named_event, seq_of

MANIFEST_FORMAT: Final = "wardroom-audit-export/2"
_FIRST_FORMAT: Final = "wardroom-audit-export/1"
_ALWAYS: Final = {"format", "kind", "size", "root", "sha256", "first", "last", "events"}
_SOMETIMES: Final = {"origin", "span", "tiles", "query", "damaged", "pruned", "openings"}
_KINDS: Final = ("jsonl", "csv")


def manifest_of(file: Path) -> Path:
    """Return where an export's manifest is."""
    return file.with_name(f"{file.name}.manifest.json")


def checkpoint_of(file: Path) -> Path:
    """Return where an export's signed checkpoint is."""
    return file.with_name(f"{file.name}.checkpoint")


def proofs_of(file: Path) -> Path:
    """Return where the proofs are of an export of a part of the log."""
    return file.with_name(f"{file.name}.proofs")


@dataclass(frozen=True)
class Manifest:
    """What an export says of itself: `events` of the log's `head.size`, from `first` to `last`.

    `pruned` of them the log had no more: a whole export has their hashes, a part leaves them out.
    `openings` is the SHA-256 of the openings beside it, where it was made with any.
    """

    kind: str
    head: Head
    sha256: str
    first: int
    last: int
    events: int
    pruned: int = 0
    openings: str = ""

    @property
    def is_whole(self) -> bool:
        """Say whether it is all of the log."""
        return self.events == self.head.size

    @property
    def part(self) -> str:
        """Say which part of the log it is."""
        if self.is_whole:
            return ""
        if self.has_no_gap:
            return f"events {self.first} to {self.last} of {self.head.size}"
        chosen = f"{self.events} of the events {self.first} to {self.last}"
        if self.pruned:
            chosen += f", without {self.pruned} that were pruned,"
        return f"{chosen} of {self.head.size}, chosen by whoever exported them"

    @property
    def has_no_gap(self) -> bool:
        """Say whether it is every event from the first to the last."""
        return self.events == self.last - self.first + 1

    @classmethod
    def read(cls, file: Path) -> Manifest:
        """Read the manifest beside an export; Unreadable."""
        where = manifest_of(file)
        try:
            said = json.loads(where.read_bytes())
            if said["format"] == _FIRST_FORMAT:  # was always of the whole log
                said = {**said, "first": 1, "last": said["size"], "events": said["size"]}
            elif said["format"] != MANIFEST_FORMAT:
                raise Unreadable(f"{where}: this verifier reads {MANIFEST_FORMAT}")
            if said["kind"] not in _KINDS:
                raise Unreadable(f"{where}: only {' and '.join(_KINDS)} exports can be verified")
            return cls._parsed(said)
        except OSError as error:
            raise Unreadable(f"{where}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(f"{where}: this is no manifest of an audit export") from error

    @classmethod
    def _parsed(cls, said: dict[str, Any]) -> Manifest:
        if not _ALWAYS <= set(said) <= _ALWAYS | _SOMETIMES:
            raise ValueError("there is something else in it")
        size, span, events = int(said["size"]), int(said.get("span", TILE)), int(said["events"])
        tiles = [bytes.fromhex(tile) for tile in said.get("tiles", ())]
        head = Head(size, bytes.fromhex(said["root"]), tiles, span, str(said.get("origin", "")))
        manifest = cls(
            said["kind"],
            head,
            str(said["sha256"]),
            int(said["first"]),
            int(said["last"]),
            events,
            int(said.get("pruned", 0)),
            str(said.get("openings", "")),
        )
        whole = (1, size, size // span)
        if (
            not 0 <= events <= size
            or len(head.root) != HASH_BYTES
            or (span < TILE or span & (span - 1))
            or (events == size and (manifest.first, manifest.last, len(tiles)) != whole)
        ):
            raise ValueError("no log is like that")
        return manifest


def verify_file(
    file: Path,
    kept: Sequence[Head] = (),
    keys: Sequence[Key] = (),
    *,
    reads_each: bool = False,
) -> Findings:
    """Verify an export against its checkpoint, and against what was kept elsewhere; Unreadable.

    Where keys are given, one of them must have signed the checkpoint. `reads_each` also looks at
    the form and the number of every event, and so takes several times as long.
    """
    manifest = Manifest.read(file)
    is_quick = manifest.is_whole and manifest.kind == "jsonl" and not reads_each
    is_quick = is_quick and not manifest.pruned  # else the hashes alone do not tell
    signed = Findings(part=manifest.part)
    head = _head(file, manifest, keys, signed)
    export = _Export(file, manifest, head, kept, signed)
    try:
        findings = export.verify(is_quick=is_quick, reads_each=reads_each)
        if is_quick and not findings.ok:  # once more, to name what is wrong
            findings = export.verify(is_quick=False, reads_each=False)
    except OSError as error:
        raise Unreadable(f"{error.filename or file}: {error.strerror}") from error
    return findings


@dataclass(frozen=True)
class _Export:
    """An export, what to compare it with, and what was found before its events were read."""

    file: Path
    manifest: Manifest
    head: Head
    kept: Sequence[Head]
    signed: Findings

    def verify(self, *, is_quick: bool, reads_each: bool) -> Findings:
        """Read it once, and say what was found; OSError."""
        manifest, head, digest = self.manifest, self.head, hashlib.sha256()
        findings = self.signed.copy()
        with self.file.open("rb") as lines:
            if is_quick:
                check_leaves(_tiles_of_jsonl(lines, digest, findings), head, self.kept, findings)
            else:
                read = bodies_of_csv if manifest.kind == "csv" else _bodies_of_jsonl
                bodies = read(_hashed(lines, digest), findings)
                if reads_each:
                    first = manifest.first if manifest.has_no_gap else None
                    bodies = read_each(bodies, findings, first)
                self._check(bodies, findings)
        if openings_of(self.file).exists():
            self._open(findings)
        if digest.hexdigest() != manifest.sha256:
            said = f"{self.file.name} is not the file that its manifest describes"
            findings.add("FILE", said, always=True)
        return findings

    def _open(self, findings: Findings) -> None:
        read = bodies_of_csv if self.manifest.kind == "csv" else _bodies_of_jsonl
        with self.file.open("rb") as lines, openings_of(self.file).open("rb") as openings:
            # What is wrong with the lines themselves was found already.
            bodies = read(lines, Findings())
            check_openings(openings, bodies, self.manifest.openings, findings)

    def _check(self, bodies: Iterator[bytes], findings: Findings) -> None:
        head = self.head
        if self.manifest.is_whole:
            check(map(row_of, bodies), head, self.kept, findings)
        else:
            _check_part(self.file, bodies, self.manifest, head, findings)
            compare_same_size(findings, head, self.kept)


def _tiles_of_jsonl(
    lines: Iterator[bytes], digest: Any, findings: Findings
) -> Iterator[list[bytes]]:
    """Return the leaf hashes of the lines, a tile at a time."""
    sha256 = hashlib.sha256
    tile = list(islice(lines, TILE))
    while tile:
        digest.update(b"".join(tile))
        yield [sha256(b"\x00" + line[:-1]).digest() for line in tile]
        _note_end(tile[-1], findings)
        tile = list(islice(lines, TILE))


def _hashed(lines: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    for line in lines:
        digest.update(line)
        yield line


def _bodies_of_jsonl(lines: Iterator[bytes], findings: Findings) -> Iterator[bytes]:
    line = b"\n"
    for line in lines:
        yield line[:-1] if line.endswith(b"\n") else line
    _note_end(line, findings)


def _note_end(line: bytes, findings: Findings) -> None:
    if not line.endswith(b"\n"):
        findings.add("FILE", "the last line is cut short")


def _head(file: Path, manifest: Manifest, keys: Sequence[Key], findings: Findings) -> Head:
    """Return what the export is to be compared with: its checkpoint, or else its manifest."""
    where, head = checkpoint_of(file), manifest.head
    try:
        signed = believed(where.read_bytes(), head, keys, findings, where.name)
    except FileNotFoundError:
        if keys:
            said = f"there is no {where.name}: nobody signed this export"
            findings.add("SIGNATURE", said, always=True)
        return head
    except OSError as error:
        raise Unreadable(f"{where}: {error.strerror}") from error
    if head.origin not in ("", signed.origin):
        findings.add("FILE", "the manifest is of another log than the checkpoint")
    if (head.size, head.root) != (signed.size, signed.root):
        findings.add("FILE", "the manifest does not say what the checkpoint says")
    return signed


def _check_part(
    file: Path, bodies: Iterator[bytes], manifest: Manifest, head: Head, findings: Findings
) -> None:
    """Verify each event of a part of the log by its own proof."""
    findings.size, findings.root = head.size, head.root.hex()
    before, events = manifest.first - 1, 0
    with proofs_of(file).open("rb") as proofs:
        for body, proof in zip_longest(bodies, proofs):
            if body is None:
                findings.add("SIZE", "there are more proofs than events", before + 1)
                break
            seq = seq_of(body)
            events += 1
            if seq is None or not _is_proved(body, seq, proof or b"", head):
                said = f"{named_event(seq)} has no proof that it is in the log"
                findings.add("ROOT", said, before + 1 if seq is None else seq)
            elif seq <= before:
                said = f"event {seq} stands a second time, or in the wrong place"
                findings.add("SIZE", said, seq)
            elif manifest.has_no_gap and seq != before + 1:
                findings.add("SIZE", f"events {before + 1} to {seq - 1} are missing", before + 1)
            before = max(seq or 0, before)
    if events != manifest.events or before != manifest.last:
        said = f"there are {events} events up to {before}: {manifest.events} were exported"
        findings.add("SIZE", f"{said}, up to {manifest.last}", before + 1, always=True)


def _is_proved(body: bytes, seq: int, proof: bytes, head: Head) -> bool:
    try:
        said = json.loads(proof)
        path = [bytes.fromhex(each) for each in said["proof"]]
        if said["seq"] != seq or any(len(each) != HASH_BYTES for each in path):
            return False
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return follow(leaf_of(body), seq - 1, head.size, path) == head.root


def compare_same_size(findings: Findings, head: Head, kept: Sequence[Head]) -> None:
    """Compare a log of which only the head is known with what was kept of it."""
    for each in kept:
        findings.anchored = findings.anchored or 0
        if each.size > head.size:
            findings.went_back(each, head.size)
        elif each.size == head.size:
            findings.compare(each, head.root, head.origin)
