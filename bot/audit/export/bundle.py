"""Writes the log, or a part of it, to files that can be verified offline."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from bot.audit.export.forms import FORMS, Format
from bot.audit.export.part import WHOLE, Part, part_rows
from bot.audit.reading import Row, read_log_head
from bot.audit.tree import TILE, leaf_hash, node_hash
from bot.audit.verify import MANIFEST_FORMAT, manifest_of

_TILES: Final = 4_096  # hashes in a manifest, at most
_DAMAGED: Final = 100  # numbers of damaged events that are named, at most


@dataclass(frozen=True)
class Exported:
    """What was written, and what to compare it with later; hashes as hex digits.

    `size` and `root` are the log's, `count` is how many of its events were written, `damaged` the
    first of those whose bytes are not those that were recorded.
    """

    file: Path
    manifest: Path
    size: int
    root: str
    sha256: str
    count: int
    damaged: tuple[int, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Return every file that was written."""
        return (self.file, self.manifest)


def export(connection: Connection, file: Path, form: Format, part: Part = WHOLE) -> Exported:
    """Write the log as it is on one snapshot, while it may be growing.

    None of the files may exist yet (FileExistsError); the manifest is written last, so that a part
    of an export never looks like one.
    """
    head = read_log_head(connection)
    manifest = manifest_of(file)
    if manifest.exists():
        raise FileExistsError(f"{manifest} exists")
    seen = _Seen(part_rows(connection, part, head.size))
    with closing(_File(file)) as out:
        out.write(FORMS[form].opening)
        record = FORMS[form].record
        for row in seen:
            out.write(record(row))
        out.finish()
    described = {
        "format": MANIFEST_FORMAT,
        "kind": form.value,
        "size": head.size,
        "root": head.root.hex(),
        **seen.described(head.size, part),
        "sha256": out.sha256,
    }
    if part.is_whole:
        tiles, span = _folded(list(head.tiles))
        described |= {"span": span, "tiles": [tile.hex() for tile in tiles]}
    with closing(_File(manifest)) as last:
        last.write(json.dumps(described, indent=1).encode() + b"\n")
        last.finish()
    return Exported(
        file=file,
        manifest=manifest,
        size=head.size,
        root=head.root.hex(),
        sha256=out.sha256,
        count=seen.count,
        damaged=tuple(seen.damaged),
    )


class _Seen:
    """Rows on their way through: how many, from which to which, and which are damaged."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
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
            if leaf_hash(body) != leaf and len(self.damaged) < _DAMAGED:
                self.damaged.append(seq)
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
