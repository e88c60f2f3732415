"""An archive: an export of the very events that are to be pruned, verified before they are.

It is a folder, that has its name only once everything in it is on the disk and was verified.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, select, table

from bot.audit import record, verify
from bot.audit.export import Exported, Format, Part, export
from bot.audit.matching import matches
from bot.audit.tree import leaf_hash
from bot.audit.verify import Key, Run, counted
from bot.errors import Conflict
from bot.model import AuditPage, AuditQuery, Event

EVENTS: Final = "audit.jsonl"
"""The file of an archive that has the events; what proves them lies beside it."""

SEALED: Final = "sealed.jsonl"
"""The sensitive texts of its events, sealed as they were: redacting one reaches this copy too."""

_NEW: Final = ".new-"
_HELD: Final = ".lock"
_NAMES: Final = ("seq", "idx", "field", "key", "nonce", "ciphertext")
_OPENING: Final = table("audit_opening", *(column(name) for name in _NAMES))


@dataclass(frozen=True)
class Archive:
    """An archive that stands: its name in the folder of archives, and the SHA-256 of its events."""

    name: str
    sha256: str


def write_events(connection: Connection, new: Path, runs: Sequence[Run]) -> Exported:
    """Write some events to a new folder, with what proves them; OSError."""
    new.mkdir(mode=0o700)
    made = export(connection, new / EVENTS, Format.JSONL, Part.of(runs))
    _write_sealed(connection, new / SEALED, runs)
    return made


def finish(made: Exported, runs: Sequence[Run], keys: Sequence[Key]) -> Archive:
    """Verify what was written, and give it its name; Conflict where it does not verify, OSError.

    It takes seconds, and needs no database.
    """
    _check(made, runs, keys)
    new = made.file.parent
    name = f"{runs[0][0]}-{runs[-1][1]}.{made.size}"
    _sync(new)
    new.rename(new.parent / name)
    _sync(new.parent)
    return Archive(name, made.sha256)


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Return the name of a new folder there; nothing is left of it where it was not finished.

    What a process left that was killed goes with the next one.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for lock in folder.glob(f"{_NEW}*{_HELD}"):
        _drop_unfinished(lock)
    new = folder / f"{_NEW}{secrets.token_hex(8)}"
    lock = new.with_name(new.name + _HELD)
    held = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield new
    finally:
        shutil.rmtree(new, ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(held)


def _drop_unfinished(lock: Path) -> None:
    """Remove a folder that nobody is at work on any more: whoever is holds its lock."""
    try:
        held = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        return  # finished in this moment
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        shutil.rmtree(lock.with_name(lock.name.removesuffix(_HELD)), ignore_errors=True)
        lock.unlink(missing_ok=True)
    finally:
        os.close(held)


def search_archive(file: Path, query: AuditQuery, keys: Sequence[Key] = ()) -> AuditPage:
    """Search an archive, newest first; Conflict where it does not verify, Unreadable, OSError."""
    findings = verify.verify_file(file, (), keys)
    if not findings.ok:
        raise Conflict(
            f"The archive does not verify: {findings.problems[0]}. Nothing was searched."
        )
    found: deque[Event] = deque(maxlen=query.limit + 1)  # of all that match, the last
    with file.open("rb") as lines:
        for line in lines:
            event = _event(line.rstrip(b"\n"))
            is_older = query.before is None or event.seq < query.before
            if is_older and matches(event.data, query):
                found.append(event)
    events = tuple(reversed(found))
    is_more = len(events) > query.limit
    return AuditPage(events[: query.limit], events[query.limit - 1].seq if is_more else None)


def _event(body: bytes) -> Event:
    fields = record.parse(body)
    seq, ts = fields["seq"], fields["ts"]
    if not isinstance(seq, int) or not isinstance(ts, int):
        raise Conflict("A line of the archive is no event.")
    return Event(seq, record.moment(ts), body, leaf_hash(body), fields)


def drop_archive(folder: Path, archive: Archive) -> None:
    """Remove an archive that no event names."""
    shutil.rmtree(folder / archive.name)


def _write_sealed(connection: Connection, file: Path, runs: Sequence[Run]) -> None:
    """Write the sealed texts of some events, where they have any."""
    lines: list[str] = []
    for first, last in runs:
        within = select(_OPENING).where(_OPENING.c.seq >= first, _OPENING.c.seq <= last)
        for row in connection.execute(within.order_by(_OPENING.c.seq, _OPENING.c.idx)):
            said = dict(zip(_NAMES, row, strict=True))
            said |= {each: bytes(said[each]).hex() for each in ("nonce", "ciphertext")}
            lines.append(f"{json.dumps(said)}\n")
    if not lines:
        return
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.writelines(lines)
        out.flush()
        os.fsync(out.fileno())


def _check(made: Exported, runs: Sequence[Run], keys: Sequence[Key]) -> None:
    try:
        findings = verify.verify_file(made.file, (), keys)
    except verify.Unreadable as error:
        raise Conflict(f"The archive cannot be read, so nothing is pruned: {error}.") from error
    if not findings.ok:
        raise Conflict(f"The archive does not verify, so nothing is pruned: {findings.problems[0]}")
    if made.count != counted(runs):
        raise Conflict("The archive does not have all events, so nothing is pruned.")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
