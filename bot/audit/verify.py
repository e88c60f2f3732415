"""Verifies an audit log: the whole of it, from its bytes alone.

This file needs nothing but Python's standard library, and shares no code with what writes the
log, so that an auditor can take it along:

    python3 verify.py FILE [--size N --root HEX]

FILE is an export (JSONL or CSV) with its manifest `FILE.manifest.json` beside it. That shows that
the export is whole and unchanged since the manifest was written. Whoever can replace both can
replace them by another log: compare the root with one that was kept elsewhere, or give it here.

The log is an RFC 6962 Merkle tree over the events' stored bytes. Exit code 0: whole; 1: not;
2: it could not be read.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

MANIFEST_FORMAT: Final = "wardroom-audit-export/1"
TILE: Final = 256
MAX_PROBLEMS: Final = 20

COLUMNS: Final = (
    *("seq", "time", "kind", "person", "roles", "platform", "account", "channel", "verb"),
    *("service", "environment", "reason", "request", "deploy", "change", "incident", "params"),
    *("text", "error", "policies", "correlation", "software", "replica", "leaf", "body"),
)
"""The columns of a CSV export; `body` holds the event's bytes, all others are drawn from it."""

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")
_PATHS: Final = {
    "person": ("actor", "person"),
    "platform": ("actor", "platform"),
    "account": ("actor", "account"),
    "channel": ("place", "channel"),
    "service": ("target", "service"),
    "environment": ("target", "environment"),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - an auditor may have 3.9


@dataclass(frozen=True)
class Head:
    """What a log says of itself: its size, its root, and the hash of each 256 events."""

    size: int
    root: bytes
    tiles: Sequence[bytes] = ()


@dataclass
class Findings:
    """What verifying found: the log's real size and root, and what is wrong, first things first.

    `first_bad` is the first broken sequence number; where only a range is known, its first.
    """

    size: int = 0
    root: str = ""
    problems: list[str] = field(default_factory=list)
    first_bad: int | None = None
    more: int = 0

    @property
    def ok(self) -> bool:
        """Say whether the log is whole."""
        return not self.problems

    def add(self, seq: int | None, problem: str, *, always: bool = False) -> None:
        """Note a problem, and the event where it begins; some are said however many there are."""
        if seq is not None and (self.first_bad is None or seq < self.first_bad):
            self.first_bad = seq
        if always or len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more += 1


class _Tree:
    """The hashes of a growing log: of each complete tile, and of what is in no tile yet."""

    def __init__(self) -> None:
        self.size = 0
        self.tiles: list[bytes] = []
        self._peaks: list[bytes] = []
        self._pending: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        self.size += 1
        self._pending.append(leaf)
        if len(self._pending) == TILE:
            nodes, sha256 = self._pending, hashlib.sha256
            while len(nodes) > 1:
                pairs = iter(nodes)  # `_node` written out: this is where the time goes
                nodes = [sha256(b"\x01" + left + next(pairs)).digest() for left in pairs]
            _push(self._peaks, nodes[0], len(self.tiles))
            self.tiles += nodes
            self._pending = []

    def root(self) -> bytes:
        rest: list[bytes] = []
        for number, leaf in enumerate(self._pending):
            _push(rest, leaf, number)
        peaks = self._peaks + rest
        if not peaks:
            return hashlib.sha256().digest()
        node = peaks.pop()
        while peaks:
            node = _node(peaks.pop(), node)
        return node


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _push(peaks: list[bytes], node: bytes, size: int) -> None:
    """Append to a tree of `size`: two complete subtrees of one size become one."""
    while size & 1:
        node = _node(peaks.pop(), node)
        size >>= 1
    peaks.append(node)


def check(
    rows: Iterable[tuple[int | None, bytes, bytes | None]],
    head: Head,
    kept: Sequence[Head] = (),
) -> Findings:
    """Verify events in the order they are stored against what the log says of itself.

    A row is its number, its body, and its stored leaf hash; the number is None where nothing but
    the body says it (an export), the leaf None where none is stored. `kept` are heads that the
    log had earlier, noted somewhere else: it must have grown from each of them.
    """
    findings, tree, expected = Findings(), _Tree(), 1
    changed_leaves = []
    roots = {earlier.size: earlier.root for earlier in kept}
    sha256 = hashlib.sha256
    for row, body, stored in rows:
        leaf = sha256(b"\x00" + body).digest()
        tree.add(leaf)
        if roots and tree.size in roots and tree.root() != roots[tree.size]:
            findings.add(None, f"the first {tree.size} events are not those that were noted")
        # Only the event's own number follows `"seq":` without a quotation mark.
        said = expected if b'"seq":%d,' % expected in body else _seq(body)
        if said == expected and (row is None or row == said) and (stored is None or stored == leaf):
            expected += 1
            continue
        seq = said if row is None else row
        if stored is not None and stored != leaf:
            changed_leaves.append(seq)
            findings.add(seq, f"event {seq} does not match its hash")
        elif said != seq:
            findings.add(seq, f"event {seq} is not what it says: {_name(said)}")
        if seq != expected:
            _misplaced(findings, seq, expected)
        expected = expected + 1 if seq is None else max(seq, expected - 1) + 1
    _compare(findings, tree, head, changed_leaves, expected - 1)
    for size in sorted(roots):
        if size > tree.size:
            problem = f"the log went back: it once had {size} events"
            findings.add(tree.size + 1, problem, always=True)
    return findings


def _misplaced(findings: Findings, seq: int | None, expected: int) -> None:
    if seq is None:
        findings.add(expected, f"where event {expected} belongs is something that is no event")
    elif seq == expected + 1:
        findings.add(expected, f"event {expected} is missing")
    elif seq > expected:
        findings.add(expected, f"events {expected} to {seq - 1} are missing")
    else:
        findings.add(seq, f"event {seq} stands a second time, or in the wrong place")


def _compare(
    findings: Findings, tree: _Tree, head: Head, changed: Sequence[int | None], last: int
) -> None:
    findings.size, findings.root = tree.size, tree.root().hex()
    if last < head.size:
        findings.add(
            last + 1, f"the log ends at event {last}: {head.size} were recorded", always=True
        )
    elif last > head.size:
        findings.add(
            head.size + 1,
            f"events {head.size + 1} to {last} were never recorded by the log",
            always=True,
        )
    if tree.size != head.size:
        return
    suspects = _suspects(tree, head)
    if tree.root() == head.root:
        if changed:
            said = "the events are those that were recorded: only stored hashes were changed"
            findings.add(None, said, always=True)
        elif suspects:
            findings.add(suspects[0], f"the hash kept of events {_range(suspects)} was changed")
        return
    if not findings.problems and suspects:
        findings.add(
            suspects[0], f"one of the events {_range(suspects)} was changed together with its hash"
        )
    said = f"the root is {findings.root}; {head.root.hex()} was recorded"
    findings.add(None, said, always=True)


def _suspects(tree: _Tree, head: Head) -> tuple[int, int] | None:
    """Return the first tile that is not the recorded one, or else what is in no tile yet."""
    known = min(len(tree.tiles), len(head.tiles))
    for number in range(known):
        if tree.tiles[number] != head.tiles[number]:
            return number * TILE + 1, (number + 1) * TILE
    if tree.root() == head.root or known * TILE == tree.size:
        return None
    return known * TILE + 1, tree.size


def _range(events: tuple[int, int]) -> str:
    return f"{events[0]} to {events[1]}"


def _seq(body: bytes) -> int | None:
    try:
        said = json.loads(body)["seq"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def _name(said: int | None) -> str:
    return "no event" if said is None else f"event {said}"


def cells(seq: int, event: dict[str, Any], leaf: bytes, body: bytes) -> list[str]:
    """Return an event's row of a CSV export, safe to open in a spreadsheet."""
    drawn: dict[str, Any] = {
        **event,
        **{name: event.get(group, {}).get(key, "") for name, (group, key) in _PATHS.items()},
        "seq": seq,
        "time": (_EPOCH + timedelta(microseconds=event["ts"])).isoformat(timespec="microseconds"),
        "roles": " ".join(event.get("actor", {}).get("roles", ())),
        "policies": " ".join(event.get("decision", {}).get("policies", ())),
        "params": json.dumps(event["params"], sort_keys=True) if "params" in event else "",
        "leaf": leaf.hex(),
        "body": body.decode("ascii"),
    }
    return [_guarded(str(drawn.get(column, ""))) for column in COLUMNS]


def _guarded(cell: str) -> str:
    """A spreadsheet takes a cell that begins so for a formula; an apostrophe makes it text."""
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell


class Unreadable(Exception):
    """The file or its manifest cannot be read as an export."""


def verify_file(file: Path, kept: Sequence[Head] = ()) -> Findings:
    """Verify an export against its manifest, and against heads that were noted elsewhere."""
    manifest = _manifest(file)
    digest = hashlib.sha256()
    odd: list[tuple[int | None, str]] = []
    try:
        with file.open("rb") as lines:
            read = _csv_rows if manifest["kind"] == "csv" else _jsonl_rows
            findings = check(read(_hashed(lines, digest), odd), _head(manifest), kept)
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from error
    for seq, problem in odd:
        findings.add(seq, problem)
    if digest.hexdigest() != manifest["sha256"]:
        said = f"{file.name} is not the file that its manifest describes"
        findings.add(None, said, always=True)
    return findings


def manifest_of(file: Path) -> Path:
    """Return where an export's manifest is."""
    return file.with_name(f"{file.name}.manifest.json")


def _manifest(file: Path) -> dict[str, Any]:
    where = manifest_of(file)
    try:
        manifest = json.loads(where.read_bytes())
        if manifest["format"] != MANIFEST_FORMAT or manifest["kind"] not in {"jsonl", "csv"}:
            raise Unreadable(f"{where}: this verifier reads {MANIFEST_FORMAT}")
        _head(manifest)
        str(manifest["sha256"])
    except OSError as error:
        raise Unreadable(f"{where}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"{where}: this is no manifest of an audit export") from error
    return dict(manifest)


def _head(manifest: dict[str, Any]) -> Head:
    tiles = [bytes.fromhex(tile) for tile in manifest["tiles"]]
    return Head(int(manifest["size"]), bytes.fromhex(manifest["root"]), tiles)


def _hashed(lines: Iterable[bytes], digest: Any) -> Iterator[bytes]:
    for line in lines:
        digest.update(line)
        yield line


def _jsonl_rows(
    lines: Iterator[bytes], odd: list[tuple[int | None, str]]
) -> Iterator[tuple[None, bytes, None]]:
    line = b"\n"
    for line in lines:
        yield None, line[:-1] if line.endswith(b"\n") else line, None
    if not line.endswith(b"\n"):
        odd.append((None, "the last line is cut short"))


def _csv_rows(
    lines: Iterator[bytes], odd: list[tuple[int | None, str]]
) -> Iterator[tuple[int | None, bytes, bytes | None]]:
    csv.field_size_limit(1 << 24)
    reader = csv.reader(line.decode("utf-8", "replace") for line in lines)
    if next(reader, None) != list(COLUMNS):
        odd.append((None, "the first line does not name the columns of an export"))
    for row in reader:
        body = row[-1].encode("utf-8") if row else b""
        seq = _seq(body)
        leaf = hashlib.sha256(b"\x00" + body).digest()
        try:
            drawn = cells(seq or 0, json.loads(body), leaf, body)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            drawn = []
        if row != drawn:
            odd.append((seq, f"the row of {_name(seq)} does not show what its body says"))
        yield None, body, None


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify the file named on the command line; say what was found; return the exit code."""
    parser = argparse.ArgumentParser(description="Verify an audit export offline.")
    parser.add_argument("file", type=Path, help="the export; its manifest lies beside it")
    parser.add_argument("--size", type=int, help="a size that the log is known to have had")
    parser.add_argument("--root", type=bytes.fromhex, help="the root that the log had at that size")
    given = parser.parse_args(arguments)
    if (given.size is None) != (given.root is None):
        parser.error("--size and --root belong together")
    kept = [] if given.size is None else [Head(given.size, given.root)]
    try:
        findings = verify_file(given.file, kept)
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(report(findings)))
    return 0 if findings.ok else 1


def report(findings: Findings) -> list[str]:
    """Return what was found, as lines to print."""
    if findings.ok:
        return [f"whole: {findings.size} events, root {findings.root}"]
    first = "" if findings.first_bad is None else f", from event {findings.first_bad} on"
    more = [f"- and {findings.more} more"] if findings.more else []
    return [f"NOT whole{first}:", *(f"- {problem}" for problem in findings.problems), *more]


if __name__ == "__main__":
    sys.exit(main())
