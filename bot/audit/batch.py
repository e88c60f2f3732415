"""One transaction of the log: read its head, apply the effects, add the events, move the head."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bot.audit import record
from bot.audit.entry import Answer, Entry
from bot.audit.tree import TILE, Frontier, leaf_hash
from bot.errors import AuditUnavailable
from bot.model import Draft, Event
from bot.ports import Clock, Recorded
from bot.storage.database import DRIVER_ERRORS, driver


class TransactionLost(Exception):
    """The database gave the transaction up, so that nothing of it can be kept."""


@dataclass(frozen=True)
class Head:
    """Where the log ends: its frontier, and the time of its last event in microseconds."""

    frontier: Frontier
    ts: int


@dataclass(frozen=True)
class Author:
    """What every event of this process says about who wrote it."""

    clock: Clock
    software: str
    replica: str


@dataclass(frozen=True)
class Statements:
    """What the writer says to the database, in that database's words."""

    read_head: str
    move_head: str
    add_event: str
    add_tile: str


_HEAD: Final = "SELECT size, ts, root, frontier FROM audit_head"

SQLITE: Final = Statements(
    _HEAD,
    "UPDATE audit_head SET size = ?, ts = ?, root = ?, frontier = ? WHERE size = ?",
    "INSERT INTO audit (seq, body, leaf) VALUES (?, ?, ?)",
    "INSERT INTO audit_tile (n, hash) VALUES (?, ?)",
)
POSTGRESQL: Final = Statements(
    # One lock for a whole batch makes the numbers gap-free and their order that of the commits.
    f"{_HEAD} FOR UPDATE",
    SQLITE.move_head.replace("?", "%s"),
    SQLITE.add_event.replace("?", "%s"),
    SQLITE.add_tile.replace("?", "%s"),
)


def read_head(connection: Connection, statement: str = _HEAD) -> Head:
    """Read where the log ends; AuditUnavailable where that makes no sense."""
    row = driver(connection).execute(statement).fetchone()
    if row is None:
        raise AuditUnavailable("the audit log has lost its head; run `wardroom audit verify`")
    size, ts, root, packed = row
    try:
        frontier = Frontier.unpacked(size, bytes(packed))
    except ValueError:
        frontier = Frontier()
    if frontier.root() != bytes(root):
        raise AuditUnavailable("the audit log's head is damaged; run `wardroom audit verify`")
    return Head(frontier, ts)


def write(
    connection: Connection,
    statements: Statements,
    head: Head,
    entries: Sequence[Entry],
    author: Author,
) -> tuple[Head, list[Answer]]:
    """Apply and record the entries in the open transaction; return the new head and the answers.

    An entry whose effect or draft raises has that error as its answer and leaves nothing behind.
    """
    answers: list[Answer] = []
    events: list[Event] = []
    seq, ts = head.frontier.size, head.ts
    for entry in entries:
        try:
            recorded, ts = _apply(connection, entry, seq + 1, ts, author)
        except Exception as error:  # what an effect raises is its caller's alone
            if isinstance(error, TransactionLost) or _is_of_the_database(error):
                raise
            answers.append((entry, error))
        else:
            seq += 1
            events.append(recorded.event)
            answers.append((entry, recorded))
    return _add(connection, statements, head, events, ts), answers


def _apply(
    connection: Connection, entry: Entry, seq: int, last: int, author: Author
) -> tuple[Recorded, int]:
    if not entry.effects:
        event, ts = _event(entry, (), seq, last, author)
        return Recorded(event), ts
    with _savepoint(connection):
        results = tuple(effect(connection) for effect in entry.effects)
        event, ts = _event(entry, results, seq, last, author)
    return Recorded(event, results), ts


@contextlib.contextmanager
def _savepoint(connection: Connection) -> Iterator[None]:
    _execute(connection, "SAVEPOINT entry")
    try:
        yield
    except BaseException:
        _execute(connection, "ROLLBACK TO SAVEPOINT entry")
        _execute(connection, "RELEASE SAVEPOINT entry")
        raise
    _execute(connection, "RELEASE SAVEPOINT entry")


def _execute(connection: Connection, statement: str) -> None:
    """Mark or undo a part of the transaction; where that fails, nothing of it can be kept."""
    try:
        driver(connection).execute(statement)
    except DRIVER_ERRORS as error:
        raise TransactionLost(str(error)) from error


def _event(
    entry: Entry, results: tuple[object, ...], seq: int, last: int, author: Author
) -> tuple[Event, int]:
    draft = entry.draft if isinstance(entry.draft, Draft) else entry.draft(results)
    now = record.microseconds(author.clock.now())
    ts = max(now, last)
    fields = record.compose(
        draft,
        record.Stamp(
            seq=seq,
            ts=ts,
            id=record.uuid7(ts, os.urandom(10)),
            software=author.software,
            replica=author.replica,
            skew_us=ts - now,
        ),
    )
    body = record.encode(fields)
    return Event(seq, record.moment(ts), body, leaf_hash(body), fields), ts


def _add(
    connection: Connection, statements: Statements, head: Head, events: Sequence[Event], ts: int
) -> Head:
    if not events:
        return head
    size = head.frontier.size
    frontier, tiles = head.frontier.extend(event.leaf for event in events)
    cursor = driver(connection).cursor()
    rows = [(event.seq, event.body.decode(), event.leaf) for event in events]
    cursor.executemany(statements.add_event, rows)
    if tiles:
        cursor.executemany(statements.add_tile, list(enumerate(tiles, start=size // TILE)))
    moved = cursor.execute(
        statements.move_head, (frontier.size, ts, frontier.root(), frontier.packed(), size)
    )
    if moved.rowcount != 1:
        raise TransactionLost("the log's head moved within a transaction")
    return Head(frontier, ts)


def _is_of_the_database(error: Exception) -> bool:
    """Say whether an effect failed because of the disk, the lock or the connection.

    Then every other entry would fail as well, and no part of the transaction is to be believed.
    """
    if not isinstance(error, OperationalError):
        return False
    # SQLite says "operational" of a statement that makes no sense, too.
    return getattr(error.orig, "sqlite_errorname", "") != "SQLITE_ERROR"
