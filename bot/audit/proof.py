"""Proofs that an event is in a log, and that a log grew from an earlier one.

By RFC 6962 and 9162, section 2.1. Written as C2SP tlog-proof (inclusion), and as tlog-witness asks
for them (consistency).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from bot.audit.tree import HASH_SIZE, node_hash, root_of

HashOf: TypeAlias = Callable[[int, int], bytes]
"""Returns the root of the complete subtree over leaves `index << level` to the next one's first.

Level 0 are the leaves; the first index is 0.
"""

_PROOF: Final = "c2sp.org/tlog-proof@v1"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")


# --- making them -------------------------------------------------------------------------------


def root(hash_of: HashOf, size: int) -> bytes:
    """Return the root of the tree of the first `size` leaves."""
    return _root(hash_of, 0, size) if size else root_of(())


def inclusion(hash_of: HashOf, index: int, size: int) -> list[bytes]:
    """Return the path from a leaf to the root; ValueError where the leaf is not in that tree."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_root(hash_of, middle, end))
            end = middle
        else:
            path.append(_root(hash_of, start, middle))
            start = middle
    return path[::-1]


def consistency(hash_of: HashOf, old: int, new: int) -> list[bytes]:
    """Return the proof that a tree begins with a smaller one; ValueError where it is larger."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves does not begin with one of {old}")
    if old in {0, new}:
        return []
    path: list[bytes] = []
    start, end = 0, new
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_root(hash_of, middle, end))
            end = middle
        else:
            path.append(_root(hash_of, start, middle))
            start = middle
    if start:
        path.append(_root(hash_of, start, end))  # else it is the old root, which the reader has
    return path[::-1]


def _root(hash_of: HashOf, start: int, end: int) -> bytes:
    """Return the root over some leaves, from those of the largest complete subtrees in them."""
    peaks: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(hash_of(level, start >> level))
        start += 1 << level
    node = peaks.pop()
    while peaks:
        node = node_hash(peaks.pop(), node)
    return node


def _split(size: int) -> int:
    """Return the largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


# --- checking them -----------------------------------------------------------------------------


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether a leaf is in the tree with that root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, leaf
    for each in path:
        if not last:
            return False
        if at & 1 or at == last:
            node = node_hash(each, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, each)
        at, last = at >> 1, last >> 1
    return not last and node == root


def grew(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether the tree of `new` leaves begins with that of `old` (RFC 9162, 2.1.4.2)."""
    if old in {0, new}:
        expected = root_of(()) if old == 0 else new_root
        return not path and old_root == expected and (new > 0 or new_root == old_root)
    if not 0 < old < new or not path:
        return False
    rest = list(path) if old & (old - 1) else [old_root, *path]
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = rest[0]
    for each in rest[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            first, second = node_hash(each, first), node_hash(each, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, each)
        at, last = at >> 1, last >> 1
    return not last and first == old_root and second == new_root


# --- writing and reading them ------------------------------------------------------------------


@dataclass(frozen=True)
class Inclusion:
    """That the leaf at `index` is in the log that `note`, a signed checkpoint, speaks of.

    `extra` is vouched for by nothing: we put the event's bytes there, whose hash is the leaf.
    """

    index: int
    path: tuple[bytes, ...]
    note: str
    extra: bytes = b""

    @property
    def text(self) -> str:
        """Return the proof as a C2SP tlog-proof."""
        extra = f"extra {_encoded(self.extra)}\n" if self.extra else ""
        return f"{_PROOF}\n{extra}index {self.index}\n{_lines(self.path)}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a tlog-proof; ValueError where it is none. Nothing of it is verified yet."""
        head, blank, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if first != _PROOF or not blank:
            raise ValueError(f"this is no proof: its first line is not {_PROOF}")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = _decoded(lines.pop(0).removeprefix("extra "))
        number = lines.pop(0).removeprefix("index ") if lines else ""
        if not _NUMBER.fullmatch(number):
            raise ValueError("this is no proof: it does not say of which leaf")
        return cls(int(number), _hashes(lines), note, extra)


@dataclass(frozen=True)
class Consistency:
    """That the log which `note` speaks of begins with its first `old` events."""

    old: int
    path: tuple[bytes, ...]
    note: str

    @property
    def text(self) -> str:
        """Return the proof as the body of tlog-witness's add-checkpoint."""
        return f"old {self.old}\n{_lines(self.path)}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read such a proof; ValueError where it is none. Nothing of it is verified yet."""
        head, blank, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        number = first.removeprefix("old ")
        if not blank or not first.startswith("old ") or not _NUMBER.fullmatch(number):
            raise ValueError("this is no proof of consistency: it does not begin with the old size")
        return cls(int(number), _hashes(lines), note)


def _lines(path: Iterable[bytes]) -> str:
    return "".join(f"{_encoded(each)}\n" for each in path)


def _hashes(lines: Iterable[str]) -> tuple[bytes, ...]:
    found = tuple(map(_decoded, lines))
    if any(len(each) != HASH_SIZE for each in found):
        raise ValueError("this is no proof: one of its lines is not a hash")
    return found


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("this is no proof: one of its lines is not base64") from error
    if _encoded(data) != text:
        raise ValueError("this is no proof: one of its lines is not base64 as we write it")
    return data
