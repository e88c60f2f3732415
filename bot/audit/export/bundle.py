"""Writes the log, or a part of it, to files that can be verified offline."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, String, column, select, table

from bot.audit.disclosure.vault import Vault
from bot.audit.export.forms import FORMS, Format
from bot.audit.export.openings import with_openings
from bot.audit.export.part import WHOLE, Part, part_rows
from bot.audit.nodes import Nodes
from bot.audit.note import unverified
from bot.audit.proof import inclusion
from bot.audit.pruned import Pruned
from bot.audit.reading import Row, read_log_head
from bot.audit.tree import TILE, leaf_hash, node_hash
from bot.audit.verify import (
    MANIFEST_FORMAT,
    Head,
    checkpoint_of,
    counted,
    manifest_of,
    openings_of,
    proofs_of,
    without,
)

_HEAD: Final = table("audit_head", column("checkpoint", String))
_NODES_FOR: Final = 2_000  # proofs
_BARE: Final = (Format.JSONL, Format.CSV)  # what has a place for an event of which a hash is left
_TILES: Final = 4_096  # hashes in a manifest, at most
_DAMAGED: Final = 100  # numbers of damaged events that are named, at most


@dataclass(frozen=True)
class Exported:
    """What was written, and what to compare it with later; hashes as hex digits.

    `size` and `root` are the log's, `count` is how many of its events were written, `damaged` the
    first of those whose bytes are not those that were recorded. `pruned` of those that were asked
    for are not in the log any more, the last of them is `minimum`.
    """

    file: Path
    manifest: Path
    beside: tuple[Path, ...]
    size: int
    root: str
    sha256: str
    count: int
    damaged: tuple[int, ...] = ()
    pruned: int = 0
    minimum: int = 0

    @property
    def files(self) -> tuple[Path, ...]:
        """Return every file that was written."""
        return (self.file, *self.beside)


def export(
    connection: Connection,
    file: Path,
    form: Format,
    part: Part = WHOLE,
    vault: Vault | None = None,
) -> Exported:
    """Write the log as it is on one snapshot, while it may be growing; with a vault, its openings.

    None of the files may exist yet (FileExistsError); the manifest is written last, so that a part
    of an export never looks like one.
    """
    head, note = read_log_head(connection), _read_note(connection)
    beside = _beside(file, part, has_note=bool(note), has_openings=vault is not None)
    pruned = Pruned.read(connection)
    found = part_rows(connection, part, head.size, bare=form in _BARE)
    seen = _Seen(found, pruned)
    gone = _gone(pruned, part, head.size)
    rows: Iterable[Row] = seen
    with ExitStack() as stack:
        out = stack.enter_context(closing(_File(file)))
        if not part.is_whole:
            proofs = stack.enter_context(closing(_File(proofs_of(file))))
            rows = _proved(connection, seen, head.size, proofs)
        if vault is not None:
            openings = stack.enter_context(closing(_File(openings_of(file))))
            rows = with_openings(connection, vault, rows, openings.write)
        out.write(FORMS[form].opening)
        for row in rows:
            out.write(FORMS[form].record(row))
        out.finish()
        opened = _finished(openings) if vault is not None else {}
    if note:
        _write(checkpoint_of(file), note.encode())
    described = {
        **_log_described(head, note),
        "kind": form.value,
        **seen.described(head.size, part),
        **({"pruned": gone} if gone else {}),
        **opened,
        "sha256": out.sha256,
        **(_tiles_described(head) if part.is_whole else {}),
    }
    _write(manifest_of(file), json.dumps(described, indent=1).encode() + b"\n")
    return Exported(
        file=file,
        manifest=manifest_of(file),
        beside=tuple(beside),
        size=head.size,
        root=head.root.hex(),
        sha256=out.sha256,
        count=seen.count,
        damaged=tuple(seen.damaged),
        pruned=gone,
        minimum=pruned.minimum,
    )


def _gone(pruned: Pruned, part: Part, size: int) -> int:
    """Return how many events of a range are not in the log any more."""
    last = size if part.last is None else min(part.last, size)
    asked = part.runs or [(part.first, last)]
    return counted(asked) - counted(without(asked, pruned.runs))


def _read_note(connection: Connection) -> str:
    """Return the signed checkpoint of the log as it is on this snapshot; "" where it has none."""
    return connection.execute(select(_HEAD.c.checkpoint)).scalar() or ""


def _proved(connection: Connection, rows: Iterable[Row], size: int, proofs: _File) -> Iterator[Row]:
    """Hand the rows on, writing for each the proof that its event is in the log."""
    nodes = Nodes(connection)
    for number, row in enumerate(rows, start=1):
        if number % _NODES_FOR == 0:
            nodes = Nodes(connection)  # they remember what they read
        seq = row[0]
        path = inclusion(nodes.hash_of, seq - 1, size)
        said = {"seq": seq, "proof": [each.hex() for each in path]}
        proofs.write(json.dumps(said, separators=(",", ":")).encode() + b"\n")
        yield row
    proofs.finish()


def _log_described(head: Head, note: str) -> dict[str, object]:
    origin = unverified(note).origin if note else ""
    log = {"origin": origin, "size": head.size, "root": head.root.hex()}
    return {"format": MANIFEST_FORMAT, **log}


def _tiles_described(head: Head) -> dict[str, object]:
    tiles, span = _folded(list(head.tiles))
    return {"span": span, "tiles": [tile.hex() for tile in tiles]}


def _beside(file: Path, part: Part, *, has_note: bool, has_openings: bool) -> list[Path]:
    """Return what will lie beside an export; FileExistsError where one is there already."""
    beside = [manifest_of(file), *([checkpoint_of(file)] if has_note else [])]
    beside += [] if part.is_whole else [proofs_of(file)]
    beside += [openings_of(file)] if has_openings else []
    for each in beside:
        if each.exists():
            raise FileExistsError(f"{each} exists")
    return beside


def _finished(openings: _File) -> dict[str, str]:
    openings.finish()
    return {"openings": openings.sha256}


def _write(path: Path, content: bytes) -> None:
    with closing(_File(path)) as out:
        out.write(content)
        out.finish()


class _Seen:
    """Rows on their way through: how many, from which to which, and which are damaged."""

    def __init__(self, rows: Iterable[Row], pruned: Pruned) -> None:
        self._rows = rows
        self._pruned = pruned
        self.count = 0
        self.first: int | None = None
        self.last: int | None = None
        self.damaged: list[int] = []

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            seq, body, leaf = row
            if self.first is None:
                self.first = seq
            self.last = seq
            self.count += 1
            if leaf_hash(body) != leaf and not self._pruned.has(row):
                self.damaged.append(seq)
                del self.damaged[_DAMAGED:]
            yield row

    def described(self, size: int, part: Part) -> dict[str, object]:
        """Return what was written; of the whole log, what there should have been."""
        if part.is_whole:
            return {"first": 1, "last": size, "events": size}
        first = part.first if self.first is None else self.first
        last = first - 1 if self.last is None else self.last
        said: dict[str, object] = {"first": first, "last": last, "events": self.count}
        if part.query:
            said["query"] = part.asked
        if self.damaged:
            said["damaged"] = self.damaged
        return said


class _File:
    """A new file, hashed while it is written, for its owner alone: the log names people."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._out = os.fdopen(descriptor, "wb")
        self._digest = hashlib.sha256()

    def write(self, part: bytes) -> None:
        self._out.write(part)
        self._digest.update(part)

    def finish(self) -> None:
        """Return when everything is on the disk."""
        self._out.flush()
        os.fsync(self._out.fileno())

    def close(self) -> None:
        self._out.close()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def _folded(tiles: Sequence[bytes]) -> tuple[Sequence[bytes], int]:
    """Return no more hashes than a manifest should hold, and how many events each is of."""
    span = TILE
    while len(tiles) > _TILES:
        pairs = zip(tiles[::2], tiles[1::2], strict=False)
        tiles = [node_hash(left, right) for left, right in pairs]
        span *= 2
    return tiles, span
