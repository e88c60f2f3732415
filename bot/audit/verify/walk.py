"""Verifies every event of a log in one pass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import count, islice

from bot.audit.verify.findings import HASH_BYTES, TILE, Findings, Head
from bot.audit.verify.hashing import Tree, folded
from bot.audit.verify.pruned import GONE, Pruned

Row = tuple["int | None", bytes, "bytes | None"]
"""An event's number, its body, and its stored leaf hash.

The number is None where nothing but the body says it (an export), the leaf where none is stored.
"""


def check(
    rows: Iterable[Row],
    head: Head,
    kept: Sequence[Head] = (),
    findings: Findings | None = None,
) -> Findings:
    """Verify events in the order they are stored against what the log says of itself.

    `kept` are heads that the log had earlier, noted somewhere else: it must have grown from each
    of them. What is found is added to `findings`, where there are some already.
    """
    walk = _Walk(Findings() if findings is None else findings, head, kept)
    rows = iter(rows)
    tile = list(islice(rows, TILE))
    while tile:
        walk.take(tile)
        tile = list(islice(rows, TILE))
    walk.end()
    return walk.findings


def check_leaves(
    tiles: Iterable[list[bytes]], head: Head, kept: Sequence[Head], findings: Findings
) -> Findings:
    """Verify a log's leaf hashes, a tile at a time: quicker, but it cannot name what is wrong."""
    walk = _Walk(findings, head, kept)
    for leaves in tiles:
        walk.expected += len(leaves)
        walk.add(leaves)
    walk.end()
    return findings


class _Walk:
    """The pass over the events, a tile at a time; what it remembers does not grow with them."""

    def __init__(self, findings: Findings, head: Head, kept: Sequence[Head]) -> None:
        self.findings = findings
        self._head = head
        self._kept = sorted(kept, key=lambda each: each.size)
        self._tree = Tree()
        self.expected = 1
        self._has_changed_leaves = False
        self._tiles = iter(head.tiles)
        self._span: list[bytes] = []
        self._spans = 0
        self._suspects: tuple[int, int] | None = None
        self._pruned = Pruned()
        if kept:
            findings.anchored = 0

    def take(self, rows: Sequence[Row]) -> None:
        if GONE in [body for _, body, _ in rows]:
            self._take_pruned(rows)
            return
        sha256 = hashlib.sha256
        leaves = [sha256(b"\x00" + body).digest() for _, body, _ in rows]
        seqs = count(self.expected)
        # Only the event's own number follows `"seq":` without a quotation mark.
        are_right = [
            b'"seq":%d,' % seq in body
            and (number is None or number == seq)
            and (stored is None or stored == leaf)
            for seq, (number, body, stored), leaf in zip(seqs, rows, leaves)  # noqa: B905 - an auditor may have 3.9
        ]
        if all(are_right):
            self.expected += len(rows)
            if self._pruned.is_any:
                self._hear(rows)
        else:
            for row, leaf in zip(rows, leaves):  # noqa: B905 - as above
                self._look(row, leaf)
        self.add(leaves)

    def _take_pruned(self, rows: Sequence[Row]) -> None:
        """Take rows of which some have nothing but their hash; usually it is all of a tile."""
        last = self.expected + len(rows) - 1
        numbers = range(self.expected, last + 1)
        if all(
            body == GONE and number == seq and _is_hash(stored)
            for seq, (number, body, stored) in zip(numbers, rows)  # noqa: B905 - as above
        ):
            self._pruned.miss(self.expected, last)
            self.expected = last + 1
            self.add([stored or b"" for _, _, stored in rows])
            return
        leaves = []
        for row in rows:
            leaves.append(_leaf(row))
            self._look(row, leaves[-1])
        self.add(leaves)

    def _hear(self, rows: Iterable[Row]) -> None:
        for _, body, _ in rows:
            self._pruned.hear(body)

    def add(self, leaves: list[bytes]) -> None:
        self._compare_kept(leaves)
        tile = self._tree.extend(leaves)
        if tile:
            self._compare_tile(tile)

    def _look(self, row: Row, leaf: bytes) -> None:
        number, body, stored = row
        said = number if body == GONE else seq_of(body)
        seq = said if number is None else number
        if body == GONE and seq is not None and stored == leaf:
            self._pruned.miss(seq, seq)
        elif stored is not None and stored != leaf:
            self._has_changed_leaves = True
            self.findings.add("HASHES", f"event {seq} does not match its hash", seq)
        elif said != seq:
            self.findings.add("ROOT", f"event {seq} is not what it says: {named_event(said)}", seq)
        elif self._pruned.is_any:
            self._pruned.hear(body)
        if seq != self.expected:
            self._misplaced(seq)
        self.expected = self.expected + 1 if seq is None else max(seq + 1, self.expected)

    def _misplaced(self, seq: int | None) -> None:
        findings, expected = self.findings, self.expected
        if seq is None:
            said = f"where event {expected} belongs is something that is no event"
            findings.add("ROOT", said, expected)
        elif seq == expected + 1:
            findings.add("SIZE", f"event {expected} is missing", expected)
        elif seq > expected:
            findings.add("SIZE", f"events {expected} to {seq - 1} are missing", expected)
        else:
            findings.add("SIZE", f"event {seq} stands a second time, or in the wrong place", seq)

    def _compare_kept(self, leaves: Sequence[bytes]) -> None:
        start = self._tree.size
        while self._kept and self._kept[0].size <= start + len(leaves):
            kept = self._kept.pop(0)
            root = self._tree.root(leaves[: max(kept.size - start, 0)])
            self.findings.compare(kept, root, self._head.origin)

    def _compare_tile(self, tile: bytes) -> None:
        self._span.append(tile)
        if len(self._span) * TILE < self._head.span:
            return
        known, found, self._span = next(self._tiles, None), folded(self._span), []
        if known is None:
            return
        self._spans += 1
        if known != found and not self._suspects:
            last = self._spans * self._head.span
            self._suspects = last - self._head.span + 1, last

    def end(self) -> None:
        findings, tree, head, last = self.findings, self._tree, self._head, self.expected - 1
        findings.size, findings.root = tree.size, tree.root().hex()
        if last < head.size:
            said = f"the log ends at event {last}: {head.size} were recorded"
            findings.add("SIZE", said, last + 1, always=True)
        elif last > head.size:
            said = f"events {head.size + 1} to {last} were never recorded by the log"
            findings.add("SIZE", said, head.size + 1, always=True)
        self._pruned.judge(findings)
        if tree.size == head.size:
            self._compare_head()
        if not tree.size:
            self._compare_kept(())
        for kept in self._kept:
            findings.went_back(kept, tree.size)

    def _compare_head(self) -> None:
        findings, head, root = self.findings, self._head, self._tree.root()
        covered = self._spans * head.span
        if root != head.root and not self._suspects and covered < head.size:
            self._suspects = covered + 1, head.size
        between = "{} to {}".format(*self._suspects) if self._suspects else ""
        first = self._suspects[0] if self._suspects else None
        if root == head.root:
            if self._has_changed_leaves:
                said = "the events are those that were recorded: only stored hashes were changed"
                findings.add("HASHES", said, always=True)
            elif between:
                findings.add("HASHES", f"the hash kept of events {between} was changed", first)
            return
        if between and not {"HASHES", "ROOT", "SIZE"} & set(findings.names):
            said = f"one of the events {between} was changed together with its hash"
            findings.add("ROOT", said, first)
        said = f"the root is {root.hex()}; {head.root.hex()} was recorded"
        findings.add("ROOT", said, always=True)


def _is_hash(stored: bytes | None) -> bool:
    return stored is not None and len(stored) == HASH_BYTES


def _leaf(row: Row) -> bytes:
    """Return an event's hash: of its bytes, or of one that is gone what is kept of it."""
    _, body, stored = row
    if body == GONE and stored is not None and len(stored) == HASH_BYTES:
        return stored
    return hashlib.sha256(b"\x00" + body).digest()


def seq_of(body: bytes) -> int | None:
    """Return the number that an event says it has; None where it is no event."""
    try:
        said = json.loads(body)["seq"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def named_event(seq: int | None) -> str:
    """Return how to speak of what should be an event."""
    return "no event" if seq is None else f"event {seq}"
