"""A key for every opening, from one secret, each of which can be destroyed without the others.

The keys are the leaves of a tree (Goldreich, Goldwasser, Micali 1984): a node's sixteen children
are HMAC-SHA256 of it. Whoever has the root has all. To destroy one leaf, the root is replaced by
the siblings along its path: they make every other leaf, and nothing makes this one again.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

KEY_SIZE: Final = 32
ROOT: Final = ""
_DIGITS: Final = "0123456789abcdef"
_SEQ_DIGITS, _IDX_DIGITS = 11, 2  # 2**44 events, 256 texts of each
_NEAR: Final = _SEQ_DIGITS - 1


def path_of(seq: int, idx: int) -> str:
    """Return where the key of an event's text is: a hex digit for each level of the tree."""
    return f"{seq:0{_SEQ_DIGITS}x}{idx:0{_IDX_DIGITS}x}"


@dataclass(frozen=True)
class KeyTree:
    """What is left of a tree: nodes by their path, none of them above another."""

    nodes: Mapping[str, bytes] = field(repr=False)
    # The node above the leaf that was asked for last: events come one after the other.
    _last: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def key(self, path: str) -> bytes | None:
        """Return the key at a path; None where it was destroyed."""
        near = path[:_NEAR]
        above = self._last.get(near)
        if above is None:
            above = self._derive(near)
            if above is None:
                return self._derive(path)  # some leaf near it was destroyed
            self._last.clear()
            self._last[near] = above
        return _down(above, path[_NEAR:])

    def without(self, path: str) -> KeyTree:
        """Return the tree with one key destroyed."""
        start = self._covering(path)
        if start is None:
            return self
        nodes = dict(self.nodes)
        node = nodes.pop(start)
        for at in range(len(start), len(path)):
            for digit in _DIGITS:
                if digit != path[at]:
                    nodes[path[:at] + digit] = _down(node, digit)
            node = _down(node, path[at])
        return KeyTree(nodes)

    def _derive(self, path: str) -> bytes | None:
        start = self._covering(path)
        return None if start is None else _down(self.nodes[start], path[len(start) :])

    def _covering(self, path: str) -> str | None:
        prefixes = (path[:length] for length in range(len(path) + 1))
        return next((prefix for prefix in prefixes if prefix in self.nodes), None)


def _down(node: bytes, digits: str) -> bytes:
    for digit in digits:
        node = hmac.digest(node, b"wardroom opening " + digit.encode(), "sha256")
    return node
