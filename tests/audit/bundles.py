"""Writes exports as the product does, of logs that were never in a database: to attack them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.audit import proof, record, verify
from bot.audit.keys import PrivateKey
from bot.audit.note import Checkpoint, signed
from bot.audit.tree import Frontier, leaf_hash, node_hash, root_of
from tests.audit.events import draft

ORIGIN = "hospital.example/audit"
KEY = PrivateKey.of(ORIGIN, bytes([1]) * 32)
OTHER = PrivateKey.of(ORIGIN, bytes([2]) * 32)
"""Another key under the same name."""


def bodies(size: int, said: str = "n") -> list[bytes]:
    """The bodies of a log."""
    stamp = record.Stamp(seq=0, ts=1, id="i", software="1", replica="r")
    fields = record.compose(draft(text="?"), stamp)
    return [
        record.encode({**fields, "seq": seq, "ts": seq, "text": f"{said}{seq}"})
        for seq in range(1, size + 1)
    ]


@dataclass(frozen=True)
class Log:
    """Events, and the key that signs what they are."""

    bodies: Sequence[bytes]
    key: PrivateKey = KEY
    origin: str = ORIGIN

    def with_bodies(self, changed: Iterable[bytes]) -> Log:
        """The same log with other events."""
        return dataclasses.replace(self, bodies=list(changed))

    def root(self, size: int | None = None) -> bytes:
        """The root at a size, or of all of it."""
        return root_of(leaf_hash(body) for body in self.bodies[:size])

    def note(self, size: int | None = None) -> bytes:
        """The signed checkpoint at a size, or of all of it."""
        events = len(self.bodies) if size is None else size
        return signed(Checkpoint(self.origin, events, self.root(events)), self.key).encode()

    def proved(self, seq: int) -> list[bytes]:
        """The hashes from an event to the root."""
        levels = [[leaf_hash(body) for body in self.bodies]]
        while len(levels[-1]) > 1:
            pairs = zip(levels[-1][::2], levels[-1][1::2], strict=False)
            levels.append([node_hash(*pair) for pair in pairs])
        return proof.inclusion(lambda level, index: levels[level][index], seq - 1, len(self.bodies))

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The hashes that show how the log grew."""
        leaves = [leaf_hash(body) for body in self.bodies]
        return proof.consistency(
            lambda level, index: root_of(leaves[index << level : index + 1 << level]), old, new
        )

    def tlog_proof(self, seq: int) -> str:
        """The proof of an event, as `audit prove` prints it."""
        made = proof.Inclusion(
            seq - 1, tuple(self.proved(seq)), self.note().decode(), self.bodies[seq - 1]
        )
        return made.text


@dataclass(frozen=True)
class Bundle:
    """An export in a folder."""

    file: Path

    @classmethod
    def of(cls, log: Log, file: Path, note: bytes | None = None) -> Bundle:
        """Write a log with its manifest and its checkpoint, or another one."""
        bundle = cls(file)
        bundle.write(log.bodies)
        frontier, tiles = Frontier().extend(map(leaf_hash, log.bodies))
        bundle.describe(
            origin=log.origin,
            size=len(log.bodies),
            root=frontier.root().hex(),
            first=1,
            last=len(log.bodies),
            events=len(log.bodies),
            span=256,
            tiles=[tile.hex() for tile in tiles],
        )
        bundle.checkpoint.write_bytes(log.note() if note is None else note)
        return bundle

    @classmethod
    def of_part(cls, log: Log, file: Path, seqs: Sequence[int]) -> Bundle:
        """Write some events of a log, each with its proof."""
        bundle = cls(file)
        bundle.write([log.bodies[seq - 1] for seq in seqs])
        bundle.describe(
            origin=log.origin,
            size=len(log.bodies),
            root=log.root().hex(),
            first=seqs[0],
            last=seqs[-1],
            events=len(seqs),
        )
        proofs = [{"seq": seq, "proof": [each.hex() for each in log.proved(seq)]} for seq in seqs]
        bundle.proofs.write_text("".join(f"{json.dumps(each)}\n" for each in proofs))
        bundle.checkpoint.write_bytes(log.note())
        return bundle

    @property
    def checkpoint(self) -> Path:
        """The signed checkpoint."""
        return verify.checkpoint_of(self.file)

    @property
    def manifest(self) -> Path:
        """The manifest."""
        return verify.manifest_of(self.file)

    @property
    def proofs(self) -> Path:
        """The proofs of a part."""
        return verify.proofs_of(self.file)

    @property
    def lines(self) -> list[bytes]:
        """The events."""
        return self.file.read_bytes().split(b"\n")[:-1]

    def write(self, bodies: Iterable[bytes]) -> None:
        """Replace the events, and nothing else."""
        self.file.write_bytes(b"".join(body + b"\n" for body in bodies))

    def describe(self, **said: Any) -> None:
        """Write the manifest of the file as it is, changing what is said."""
        before = json.loads(self.manifest.read_text()) if self.manifest.exists() else {}
        described = {"format": verify.MANIFEST_FORMAT, "kind": "jsonl", **before, **said}
        described["sha256"] = hashlib.sha256(self.file.read_bytes()).hexdigest()
        self.manifest.write_text(json.dumps(described, indent=1))

    def verified(
        self, *kept: verify.Head, keys: Sequence[str] = (str(KEY.key),), reads_each: bool = False
    ) -> verify.Findings:
        """What the verifier finds, with the key of the log pinned."""
        pinned = [verify.Key.parse(key) for key in keys]
        return verify.verify_file(self.file, kept, pinned, reads_each=reads_each)


def kept(log: Log, size: int | None = None) -> verify.Head:
    """What somebody kept of a log elsewhere."""
    note = verify.Note.parse(log.note(size))
    return verify.Head(note.size, note.root, origin=note.origin)


def in_base64(data: bytes) -> str:
    """Bytes as notes have them."""
    return base64.b64encode(data).decode()
