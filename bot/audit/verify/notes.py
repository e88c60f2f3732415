"""Checkpoints and the keys that sign them (C2SP signed-note and tlog-checkpoint)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.audit.verify.ed25519 import is_signed, is_sound
from bot.audit.verify.findings import HASH_BYTES, Findings, Head, shown

_LIMIT: Final = 2**53  # sizes and numbers are below it: exact in every reader of JSON
_LONGEST_NOTE: Final = 1 << 16
_DIGITS: Final = re.compile("0|[1-9][0-9]{0,15}")
_KEY_ID_BYTES: Final = 4
_ED25519: Final = b"\x01"  # the format's mark for this kind of key


@dataclass(frozen=True)
class Key:
    """A public key that an auditor trusts, under its name, and the sizes that it may sign."""

    name: str
    key_id: bytes
    public: bytes
    first: int = 0
    last: int = _LIMIT

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read `name+id+key`, or `name+id+key@FIRST..LAST`; ValueError."""
        name, key_id, encoded = [*text.split("+", 2), "", ""][:3]
        encoded, at, sizes = encoded.partition("@")
        marked = decoded(encoded)
        digest = hashlib.sha256(named(name).encode() + b"\n" + marked).digest()[:_KEY_ID_BYTES]
        if key_id != digest.hex():
            raise ValueError("it is not name+id+key, or the id is not of that name and key")
        if marked[:1] != _ED25519 or not is_sound(marked[1:]):
            raise ValueError("it is no Ed25519 key that can vouch for anything")
        first, dots, last = sizes.partition("..")
        if at and not dots:
            raise ValueError("sizes are written FIRST..LAST")
        limits = (number(first) if first else 0, number(last) if last else _LIMIT)
        return cls(name, digest, marked[1:], *limits)


@dataclass(frozen=True)
class Note:
    """A checkpoint as it was signed: `signatures` are a name, a key's id and what it signed."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: Sequence[tuple[str, bytes, bytes]]

    @classmethod
    def parse(cls, raw: bytes) -> Note:
        """Read a note strictly: ValueError for anything that Wardroom would not have written."""
        if len(raw) > _LONGEST_NOTE:
            raise ValueError("it is too long")
        text = utf8(raw)
        if any(each < " " and each != "\n" for each in text) or not text.endswith("\n"):
            raise ValueError("it has characters that do not belong there, or no end")
        lines = text[:-1].split("\n")
        if len(lines) < 5 or lines[3] or "" in lines[4:]:  # noqa: PLR2004 - see what is raised
            raise ValueError("it is not origin, size, root, a blank line and signatures")
        signatures = [_signature(line) for line in lines[4:]]
        if len({each[:2] for each in signatures}) != len(signatures):
            raise ValueError("one key signed it twice")
        signed = "\n".join([*lines[:3], ""]).encode()
        return cls(named(lines[0]), number(lines[1]), tree_hash(lines[2]), signed, signatures)

    def signers(self, keys: Sequence[Key]) -> list[str]:
        """Return which of the given keys signed; ValueError unless one did that may.

        Signatures of other keys say nothing. One of a given key that is wrong spoils the note.
        """
        known = {(key.name, key.key_id): key.public for key in keys}
        signed = [each for each in self.signatures if each[:2] in known]
        if not signed:
            raise ValueError("none of the given keys signed it")
        for name, key_id, signature in signed:
            if not is_signed(self.text, signature, known[name, key_id]):
                raise ValueError(f"the signature of {shown(name)} is not right")
        by = {each[:2] for each in signed}
        may = {
            f"{shown(key.name)}+{key.key_id.hex()}": None  # in the order given, each once
            for key in keys
            if (key.name, key.key_id) in by and key.first <= self.size <= key.last
        }
        if not may:
            raise ValueError(f"the key that signed it may not sign a log of {self.size} events")
        return list(may)


def believed(raw: bytes, head: Head, keys: Sequence[Key], findings: Findings, name: str) -> Head:
    """Return what a checkpoint says, with the tiles of `head`; or `head`, noting why it cannot.

    Where keys are given, one of them must have signed it. `name` is what the checkpoint is called.
    """
    try:
        note = Note.parse(raw)
        findings.signed_by = note.signers(keys) if keys else ()
    except ValueError as error:
        findings.add("SIGNATURE", f"{name} cannot be believed: {error}", always=True)
        return head
    return Head(note.size, note.root, head.tiles, head.span, note.origin)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, name, encoded = [*line.split(" ", 2), "", ""][:3]
    payload = decoded(encoded)
    if dash != "\N{EM DASH}" or len(payload) <= _KEY_ID_BYTES:
        raise ValueError("a line that should be a signature is none")
    return named(name), payload[:_KEY_ID_BYTES], payload[_KEY_ID_BYTES:]


def named(name: str) -> str:
    """Return the name of a log or a key as it is; ValueError where it cannot be one."""
    if not name or "+" in name or any(each.isspace() for each in name):
        raise ValueError("the name of a log or a key has a space, a plus sign, or nothing")
    return name


def number(text: str) -> int:
    """Read a number; ValueError where it is not written in the one way, or too large."""
    if not _DIGITS.fullmatch(text) or int(text) >= _LIMIT:
        raise ValueError("a number is not written as one, or is too large")
    return int(text)


def tree_hash(text: str) -> bytes:
    """Read a hash of the tree, in base64; ValueError."""
    read = decoded(text)
    if len(read) != HASH_BYTES:
        raise ValueError("a line that should be a SHA-256 hash is none")
    return read


def decoded(text: str) -> bytes:
    """Read base64; ValueError where it is not written in the one way."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        data = b""
    if base64.b64encode(data).decode("ascii") != text:
        raise ValueError("something that should be base64 is none, or written in another way")
    return data


def utf8(raw: bytes) -> str:
    """Read a text; ValueError with a sentence where it is none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None
