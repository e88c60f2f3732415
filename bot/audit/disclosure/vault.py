"""Seals openings for the side table, and opens them: AES-256-GCM, a key of its own for each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.audit.disclosure.hiding import Hidden
from bot.audit.disclosure.keyring import Keys
from bot.audit.disclosure.sdjwt import Disclosure
from bot.audit.disclosure.tree import path_of

_NONCE: Final = 12

Sealed: TypeAlias = tuple[int, int, str, str, bytes, bytes]
"""A row of `audit_opening`: seq, idx, field, the tree of its key, nonce, ciphertext."""


class Ring(Protocol):
    """Where the keys are."""

    def load(self) -> Keys:
        """Return the keys as they are now; AuditUnavailable where they cannot be had."""
        ...

    def destroy(self, wanted: Iterable[tuple[str, str]]) -> bool:
        """Destroy keys, each named by its tree and its path; say whether one was still there.

        AuditUnavailable where that fails.
        """
        ...


class Unopenable(Exception):
    """What is stored is not what was sealed, or its key is not at hand; the sentence says which."""


@dataclass(frozen=True)
class Vault:
    """The openings of one log, sealed with the keys of one ring.

    A number may be used again after a transaction that was lost: so each nonce is random.
    """

    ring: Ring

    def seal(self, seq: int, hidden: Sequence[Hidden]) -> list[Sealed]:
        """Return the rows to store with an event; AuditUnavailable without the keys."""
        keys = self.ring.load()
        tree, rows = keys.trees[keys.current], list[Sealed]()
        for idx, each in enumerate(hidden):
            key = tree.key(path_of(seq, idx))
            if key is None:
                raise ValueError(f"the key of opening {seq}.{idx} was destroyed before it was used")
            nonce = os.urandom(_NONCE)
            text = each.disclosure.text.encode("ascii")
            ciphertext = AESGCM(key).encrypt(nonce, text, _bound(seq, idx, each.field))
            rows.append((seq, idx, each.field, keys.current, nonce, ciphertext))
        return rows

    def open(self, row: Sealed) -> Disclosure:
        """Return what was sealed; Unopenable, AuditUnavailable without the file of the keys."""
        seq, idx, field, name, nonce, ciphertext = row
        tree = self.ring.load().trees.get(name)
        if tree is None:
            raise Unopenable("its key is not in the file of the keys")
        key = tree.key(path_of(seq, idx))
        if key is None:
            raise Unopenable("its key was destroyed")
        try:
            text = AESGCM(key).decrypt(bytes(nonce), bytes(ciphertext), _bound(seq, idx, field))
            return Disclosure.parse(text.decode("ascii"))
        except (InvalidTag, ValueError):
            raise Unopenable("it is not what was sealed") from None


def _bound(seq: int, idx: int, field: str) -> bytes:
    return f"{seq}.{idx} {field}".encode()
