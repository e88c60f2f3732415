"""Writes the whole log to a file that can be verified offline: JSONL, or CSV for a spreadsheet.

JSONL has an event's stored bytes on each line. CSV has columns to read and the same bytes in the
last one. Beside the file lies its manifest: the log's size and root, the hash of each 256 events,
and the file's SHA-256. `verify.py` reads both, without any other part of Wardroom.
"""

from __future__ import annotations

import csv
import enum
import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from bot.audit import record
from bot.audit.reading import Row, read_log_head, stored_rows
from bot.audit.verify import COLUMNS, MANIFEST_FORMAT, cells, manifest_of


class Format(enum.StrEnum):
    """What an export looks like."""

    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True)
class Exported:
    """What was written, and what to compare it with later; hashes as hex digits."""

    file: Path
    manifest: Path
    size: int
    root: str
    sha256: str


def export(connection: Connection, file: Path, form: Format) -> Exported:
    """Write the log as it is on one snapshot, while it may be growing.

    Neither file may exist yet (FileExistsError); the manifest is written last, so that a part of
    an export never looks like one.
    """
    head = read_log_head(connection)
    manifest = manifest_of(file)
    if manifest.exists():
        raise FileExistsError(f"{manifest} exists")
    rows = _until(stored_rows(connection), head.size)
    sha256 = _write(file, _csv(rows) if form is Format.CSV else _jsonl(rows))
    described = {
        "format": MANIFEST_FORMAT,
        "kind": form.value,
        "size": head.size,
        "root": head.root.hex(),
        "tiles": [tile.hex() for tile in head.tiles],
        "sha256": sha256,
    }
    _write(manifest, iter([json.dumps(described, indent=1).encode() + b"\n"]))
    return Exported(file, manifest, head.size, head.root.hex(), sha256)


def _until(rows: Iterator[Row], size: int) -> Iterator[Row]:
    return (row for row in rows if row[0] <= size)


def _write(file: Path, parts: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    # For its owner alone: the log names people and what they did.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        for part in parts:
            out.write(part)
            digest.update(part)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _jsonl(rows: Iterator[Row]) -> Iterator[bytes]:
    for _, body, _ in rows:
        yield body + b"\n"


def _csv(rows: Iterator[Row]) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for seq, body, leaf in rows:
        try:
            writer.writerow(cells(seq, record.parse(body), leaf, body))
        except (ValueError, KeyError, AttributeError, OverflowError):
            # Damaged: the verifier says so; nothing is left out.
            shown = body.decode("utf-8", "replace")
            writer.writerow([seq, *[""] * (len(COLUMNS) - 3), leaf.hex(), shown])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()
