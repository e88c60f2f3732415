"""RFC 6962 Merkle tree hashing, kept as a frontier so that an append costs no re-reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

HASH_SIZE: Final = 32
TILE: Final = 256
"""Leaves in a tile: the log keeps the hash of each, so that damage can be narrowed down."""

TILE_LEVEL: Final = 8
_NODE_LEVELS: Final = frozenset({16, 24})
_EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
_sha256 = hashlib.sha256


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962, 2.1): a zero byte, then the bytes as stored."""
    return _sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962, 2.1): a one byte, then both halves."""
    return _sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Node:
    """The root of a complete subtree: of the leaves from `n << level` on, `1 << level` of them."""

    level: int
    n: int
    hash: bytes


@dataclass(frozen=True)
class Frontier:
    """The right edge of a tree: the roots of its complete subtrees, largest first.

    There is one for each bit that is set in `size`.
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def extend(self, leaves: Iterable[bytes]) -> tuple[Frontier, list[bytes]]:
        """Append leaf hashes; return the new frontier and the tiles that became complete."""
        frontier, nodes = self.grow(leaves)
        return frontier, [node.hash for node in nodes if node.level == TILE_LEVEL]

    def grow(self, leaves: Iterable[bytes]) -> tuple[Frontier, list[Node]]:
        """Append leaf hashes; return the new frontier and the nodes to keep that became complete.

        Kept are those of level 8 (the tiles), 16 and 24: with them any proof reads few rows.
        """
        size, peaks, kept = self.size, list(self.peaks), []
        for leaf in leaves:
            node, level, rest = leaf, 0, size
            while rest & 1:
                node = node_hash(peaks.pop(), node)
                level += 1
                rest >>= 1
                if level == TILE_LEVEL or level in _NODE_LEVELS:
                    kept.append(Node(level, size >> level, node))
            peaks.append(node)
            size += 1
        return Frontier(size, tuple(peaks)), kept

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self.peaks:
            return _EMPTY_ROOT
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = node_hash(peak, node)
        return node

    def packed(self) -> bytes:
        """Return the peaks as bytes, for storing beside the size."""
        return b"".join(self.peaks)

    @classmethod
    def unpacked(cls, size: int, packed: bytes) -> Frontier:
        """Read a stored frontier; ValueError where the peaks cannot belong to that size."""
        if size < 0 or len(packed) != size.bit_count() * HASH_SIZE:
            raise ValueError(f"{len(packed)} bytes cannot be the frontier of {size} leaves")
        steps = range(0, len(packed), HASH_SIZE)
        return cls(size, tuple(packed[at : at + HASH_SIZE] for at in steps))


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    return Frontier().extend(leaves)[0].root()
