"""Keys that every test's log may sign and seal with, in any process, without a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.audit.disclosure.keyring import Keys
from bot.audit.disclosure.tree import KeyTree
from bot.audit.keys import PrivateKey

ORIGIN = "hospital.example/audit"


class KnownKeys:
    """The `KeyStore` of a log whose key comes from a seed: the same wherever it is made."""

    def __init__(self, *seeds: int) -> None:
        self.keys = [PrivateKey.of(ORIGIN, bytes([seed]) * 32) for seed in seeds or (7,)]

    def load(self) -> Sequence[PrivateKey]:
        """Return the keys."""
        return self.keys

    def make(self) -> PrivateKey:
        """Return the key that there always was."""
        return self.keys[0]

    def make_next(self) -> PrivateKey:
        """Return the key of another seed."""
        if len(self.keys) == 1:
            self.keys.append(PrivateKey.new(ORIGIN))
        return self.keys[-1]

    def promote(self) -> None:
        """Let the last key be the only one."""
        del self.keys[:-1]


class KnownRing:
    """The keys of openings, the same wherever they are made; what is destroyed is so here only."""

    def __init__(self) -> None:
        self.keys = Keys("known", {"known": KeyTree({"": bytes(32)})})

    def load(self) -> Keys:
        """Return the keys."""
        return self.keys

    def destroy(self, wanted: Iterable[tuple[str, str]]) -> bool:
        """Destroy keys."""
        tree = self.keys.trees["known"]
        for _, path in wanted:
            tree = tree.without(path)
        was = self.keys.trees["known"] != tree
        self.keys = Keys("known", {"known": tree})
        return was
