"""RFC 6962 hashing: of a growing tree, and along the proofs that come out of one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bot.audit.verify.findings import TILE, Head


class Tree:
    """The right edge of a growing tree: the hashes of its complete parts, and of the last leaves.

    There are never more than 300 of them.
    """

    def __init__(self) -> None:
        self.size = 0
        self._rest: list[bytes] = []
        self._peaks: list[bytes] = []

    def extend(self, leaves: list[bytes]) -> bytes | None:
        """Append a tile of leaves and return its hash; or append the last few."""
        number = self.size // TILE
        self.size += len(leaves)
        if len(leaves) < TILE:
            self._rest = leaves
            return None
        tile = folded(leaves)
        _push(self._peaks, tile, number)
        return tile

    def root(self, following: Sequence[bytes] | None = None) -> bytes:
        """Return the root; or what it is when only some leaves follow the last complete tile."""
        rest: list[bytes] = []
        for number, leaf in enumerate(self._rest if following is None else following):
            _push(rest, leaf, number)
        peaks = self._peaks + rest
        if not peaks:
            return hashlib.sha256().digest()
        node = peaks.pop()
        while peaks:
            node = _node(peaks.pop(), node)
        return node


def leaf_of(body: bytes) -> bytes:
    """Return the hash of an event."""
    return hashlib.sha256(b"\x00" + body).digest()


def folded(nodes: list[bytes]) -> bytes:
    """Return the root over 2**n nodes."""
    sha256 = hashlib.sha256
    while len(nodes) > 1:
        pairs = iter(nodes)  # `_node` written out: this is where the time goes
        nodes = [sha256(b"\x01" + left + next(pairs)).digest() for left in pairs]
    return nodes[0]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _push(peaks: list[bytes], node: bytes, size: int) -> None:
    """Append to a tree of `size`: two complete subtrees of one size become one."""
    while size & 1:
        node = _node(peaks.pop(), node)
        size >>= 1
    peaks.append(node)


def follow(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that a path leads to from a leaf (RFC 9162, 2.1.3.2); None if it is none."""
    if not 0 <= index < size:
        return None
    at, last, node = index, size - 1, leaf
    for each in path:
        if not last:
            return None
        if at & 1 or at == last:
            node = _node(each, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = _node(node, each)
        at, last = at >> 1, last >> 1
    return None if last else node


def has_grown(old: Head, new: Head, path: Sequence[bytes]) -> bool:
    """Say whether a path shows that one tree begins with another (RFC 9162, 2.1.4.2)."""
    if old.size == new.size:
        return not path and old.root == new.root
    if not 0 < old.size < new.size or not path:
        return False
    steps = list(path) if old.size & (old.size - 1) else [old.root, *path]
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for each in steps[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            before, after = _node(each, before), _node(each, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = _node(after, each)
        at, last = at >> 1, last >> 1
    return not last and before == old.root and after == new.root
