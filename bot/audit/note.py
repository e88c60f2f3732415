"""Checkpoints: what a log was at one size, signed (C2SP signed-note and tlog-checkpoint).

The text is `origin`, size and root on a line each; after a blank line come the signatures, a line
for each key. Reading is stricter than the format: nothing is accepted that we would not write.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH_SIZE: Final = 32
MAX_SIZE: Final = 2**53
"""A log's size is below this: what numbers are exact in every reader of JSON."""

_ED25519: Final = b"\x01"  # the format's mark for this kind of key
_KEY_ID: Final = 4
_MAX_NOTE: Final = 20_000
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_DASH: Final = "\N{EM DASH} "


@dataclass(frozen=True)
class Checkpoint:
    """A log's name, how many events it had, and the root of its tree then."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return what is signed."""
        return f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what was signed; ValueError for extension lines and anything else unknown."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:  # noqa: PLR2004 - three lines, each ended
            raise ValueError("a checkpoint is three lines: origin, size, root")
        origin, size, root = lines[0], _size(lines[1]), _decoded(lines[2], HASH_SIZE)
        return cls(named(origin), size, root)


@dataclass(frozen=True)
class VerifierKey:
    """A public Ed25519 key under its name; the id is a short mark of both."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def of(cls, name: str, public: bytes) -> Self:
        """Return the key of that name, with the id that belongs to it."""
        marked = named(name).encode() + b"\n" + _ED25519 + public
        return cls(name, hashlib.sha256(marked).digest()[:_KEY_ID], public)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+id+key`; ValueError where it is no Ed25519 key or the id is another's."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        marked = _decoded(encoded, len(_ED25519) + HASH_SIZE)
        key = cls.of(name, marked[1:])
        if marked[:1] != _ED25519 or key_id != key.key_id.hex():
            raise ValueError(f"{text[:80]!r} is no Ed25519 key in the form name+id+key")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_encoded(_ED25519 + self.public)}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Say whether this key made the signature."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(Protocol):
    """A key that signs. What it raises when it cannot is AuditUnavailable."""

    @property
    def key(self) -> VerifierKey:
        """The public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of a message."""
        ...


def signed(checkpoint: Checkpoint, *signers: Signer) -> str:
    """Return the checkpoint as a note signed by each."""
    text = checkpoint.text
    message = text.encode()
    lines = (f"{_DASH}{s.key.name} {_encoded(s.key.key_id + s.sign(message))}\n" for s in signers)
    return f"{text}\n{''.join(lines)}"


def cosigned(note: str, key: VerifierKey, signature: bytes) -> str:
    """Return the note with one more signature, made elsewhere; ValueError unless it is right."""
    if not key.verifies(unverified(note).text.encode(), signature):
        raise ValueError(f"the signature is not one of {key.name} over this checkpoint")
    return f"{note}{_DASH}{key.name} {_encoded(key.key_id + signature)}\n"


def opened(note: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return what a note says; ValueError unless one of the keys signed it, and none wrongly.

    Signatures of other keys are passed over, as the format asks.
    """
    return verified(note, keys)[0]


def verified(note: str, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, tuple[VerifierKey, ...]]:
    """Return what a note says and which of the keys signed it; ValueError as `opened`."""
    text, signatures = _parted(note)
    checkpoint = Checkpoint.parse(text)
    known = {(key.name, key.key_id): key for key in keys}
    found = []
    for name, key_id, signature in signatures:
        key = known.get((name, key_id))
        if key is None:
            continue
        if key in found or not key.verifies(text.encode(), signature):
            raise ValueError(f"the signature of {name} is not right")
        found.append(key)
    if not found:
        raise ValueError("no key that we know signed this checkpoint")
    return checkpoint, tuple(found)


def signers_named(note: str) -> list[tuple[str, bytes]]:
    """Return the name and the id of every key that is said to have signed; ValueError as above."""
    return [(name, key_id) for name, key_id, _ in _parted(note)[1]]


def unverified(note: str) -> Checkpoint:
    """Return what a note says, whoever signed it; ValueError where it is no checkpoint."""
    text, signatures = _parted(note)
    list(signatures)
    return Checkpoint.parse(text)


def named(name: str) -> str:
    """Return a name as it is; ValueError where a log or a key cannot be called that."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no name: it has a space, a plus sign, or nothing")
    return name


def _parted(note: str) -> tuple[str, Iterator[tuple[str, bytes, bytes]]]:
    if len(note) > _MAX_NOTE:
        raise ValueError("a signed note is not that long")
    text, blank, rest = note.partition("\n\n")
    if not blank or not rest.endswith("\n"):
        raise ValueError("a signed note is a text, a blank line and signatures, each line ended")
    return f"{text}\n", map(_signature, rest[:-1].split("\n"))


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise ValueError("a signature is a dash, a name and base64, with a space between")
    payload = _decoded(encoded)
    if len(payload) <= _KEY_ID:
        raise ValueError("a signature is longer than the id of its key")
    return named(name), payload[:_KEY_ID], payload[_KEY_ID:]


def _size(text: str) -> int:
    if not _SIZE.fullmatch(text) or int(text) >= MAX_SIZE:
        raise ValueError(f"{text[:20]!r} is not the size of a log")
    return int(text)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _decoded(text: str, length: int | None = None) -> bytes:
    """Read base64; ValueError for another length, and for a second way to write the same."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"{text[:20]!r} is not base64") from error
    if _encoded(data) != text or length not in {None, len(data)}:
        raise ValueError(f"{text[:20]!r} is not what belongs there")
    return data
