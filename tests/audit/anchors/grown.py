"""A log of hashes alone, which can be cut, rewritten and copied as a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.audit import proof
from bot.audit.keys import PrivateKey
from bot.audit.note import Checkpoint, signed
from bot.audit.tree import leaf_hash, root_of

KEY = PrivateKey.new("hospital.example/audit")


@dataclass
class Grown:
    """The leaves, and the key that signs for them."""

    leaves: list[bytes] = field(default_factory=list)
    key: PrivateKey = KEY

    def grow(self, count: int, what: str = "event") -> None:
        """Append events."""
        size = len(self.leaves)
        self.leaves += [leaf_hash(f"{what} {n}".encode()) for n in range(size, size + count)]

    async def head(self) -> str:
        """Return the signed checkpoint of now."""
        if not self.leaves:
            return ""
        root = root_of(self.leaves)
        return signed(Checkpoint(self.key.key.name, len(self.leaves), root), self.key)

    async def root(self, size: int) -> bytes:
        """Return the root at a size."""
        return root_of(self.leaves[:size])

    async def growth(self, old: int, note: str) -> str:
        """Return the proof as a witness wants it."""
        size = len(self.leaves)
        if old > size:
            return proof.Consistency(old, (), note).text
        return proof.Consistency(old, tuple(proof.consistency(self._node, old, size)), note).text

    def _node(self, level: int, index: int) -> bytes:
        return root_of(self.leaves[index << level : (index + 1) << level])
