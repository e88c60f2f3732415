"""One transaction of the log: read its head, apply the effects, add the events, move the head."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bot.audit import record
from bot.audit.disclosure.hiding import hide
from bot.audit.disclosure.vault import Sealed, Vault
from bot.audit.entry import Answer, Entry
from bot.audit.tree import TILE_LEVEL, Frontier, Node, leaf_hash
from bot.errors import AuditUnavailable
from bot.ids import uuid7
from bot.model import Draft, Event
from bot.ports import Batched, Clock, Recorded
from bot.storage.database import DRIVER_ERRORS, driver

Sign: TypeAlias = Callable[[Frontier, bytes], str]
"""Returns the signed checkpoint of a log with this frontier and this root."""

_RANDOM: Final = 10  # bytes of it in an event's id


class TransactionLost(Exception):
    """The database gave the transaction up, so that nothing of it can be kept."""


@dataclass(frozen=True)
class Head:
    """Where the log ends: its frontier, the time of its last event in microseconds, its checkpoint.

    `note` is the signed checkpoint, empty where nothing was signed yet.
    """

    frontier: Frontier
    ts: int
    note: str = ""


@dataclass(frozen=True)
class Author:
    """What every event of this process says about who wrote it, and who keeps its sensitive texts.

    Without a vault, an event with sensitive texts is refused: they are nowhere in the clear.
    """

    clock: Clock
    software: str
    replica: str
    vault: Vault | None = None


@dataclass(frozen=True)
class _Next:
    """Where the next event stands: its number, the time of the one before it, its randomness."""

    author: Author
    seq: int
    last: int
    random: bytes
    openings: list[Sealed]


@dataclass(frozen=True)
class Statements:
    """What the writer says to the database, in that database's words."""

    read_head: str
    move_head: str
    add_events: str
    an_event: str
    add_tile: str
    add_node: str
    add_opening: str


_HEAD: Final = "SELECT size, ts, root, frontier, checkpoint FROM audit_head"

SQLITE: Final = Statements(
    _HEAD,
    "UPDATE audit_head SET size = ?, ts = ?, root = ?, frontier = ?, checkpoint = ? WHERE size = ?",
    "INSERT INTO audit (seq, body, leaf) VALUES ",
    "(?, ?, ?)",
    "INSERT INTO audit_tile (n, hash) VALUES (?, ?)",
    "INSERT INTO audit_node (level, n, hash) VALUES (?, ?, ?)",
    "INSERT INTO audit_opening (seq, idx, field, key, nonce, ciphertext) VALUES (?, ?, ?, ?, ?, ?)",
)
POSTGRESQL: Final = Statements(
    # One lock for a whole batch makes the numbers gap-free and their order that of the commits.
    f"{_HEAD} FOR UPDATE",
    SQLITE.move_head.replace("?", "%s"),
    SQLITE.add_events,
    SQLITE.an_event.replace("?", "%s"),
    SQLITE.add_tile.replace("?", "%s"),
    SQLITE.add_node.replace("?", "%s"),
    SQLITE.add_opening.replace("?", "%s"),
)


def read_head(connection: Connection, statement: str = _HEAD) -> Head:
    """Read where the log ends; AuditUnavailable where that makes no sense."""
    row = driver(connection).execute(statement).fetchone()
    if row is None:
        raise AuditUnavailable("the audit log has lost its head; run `wardroom audit verify`")
    size, ts, root, packed, note = row
    try:
        frontier = Frontier.unpacked(size, bytes(packed))
    except ValueError:
        frontier = Frontier()
    if frontier.root() != bytes(root):
        raise AuditUnavailable("the audit log's head is damaged; run `wardroom audit verify`")
    return Head(frontier, ts, note)


def write(
    connection: Connection,
    statements: Statements,
    head: Head,
    entries: Sequence[Entry],
    author: Author,
    *,
    sign: Sign,
) -> tuple[Head, list[Answer]]:
    """Apply and record the entries in the open transaction; return the new head and the answers.

    `sign` is asked for the checkpoint of the new head: no commit is without one.

    An entry whose effect or draft raises has that error as its answer and leaves nothing behind.
    """
    try:
        with _savepoint(connection, "batch"):
            refused = _apply_together(connection, entries)
            made = _record(connection, head, entries, author, refused)
    except _OneByOne:
        made = _record(connection, head, entries, author, None)
    return _add(connection, statements, head, made, sign), made.answers


class _OneByOne(Exception):
    """An entry failed whose effect was applied with others': all that is to be done again."""


_Refused: TypeAlias = Mapping[int, Exception]
"""Why an entry's effect, applied with those of others, did not happen: by the entry's place."""


def _apply_together(connection: Connection, entries: Sequence[Entry]) -> _Refused:
    """Apply the effects that one statement can apply for many entries."""
    groups: dict[object, list[tuple[int, Batched[Any]]]] = {}
    for place, entry in enumerate(entries):
        effect = _batched(entry)
        if effect is not None:
            groups.setdefault(effect.apply, []).append((place, effect))
    refused: dict[int, Exception] = {}
    for group in groups.values():
        errors = group[0][1].apply(connection, [effect.item for _, effect in group])
        found = zip(group, errors, strict=True)
        refused |= {place: error for (place, _), error in found if error is not None}
    return refused


def _batched(entry: Entry) -> Batched[Any] | None:
    """Return an entry's effect where it is alone and can be applied with others'."""
    effect = entry.effects[0] if len(entry.effects) == 1 else None
    return effect if isinstance(effect, Batched) else None


@dataclass(frozen=True)
class _Made:
    """What is to be added to the log, and what its callers are told."""

    events: list[Event]
    answers: list[Answer]
    openings: list[Sealed]


def _record(
    connection: Connection,
    head: Head,
    entries: Sequence[Entry],
    author: Author,
    refused: _Refused | None,
) -> _Made:
    """Make the events of the entries, applying the effects that are still to be applied.

    `refused` is what came of the effects applied together; None where there were none.
    """
    made = _Made([], [], [])
    seq, ts = head.frontier.size, head.ts
    random = os.urandom(_RANDOM * len(entries))  # at once: it costs as much as the whole event
    for place, entry in enumerate(entries):
        is_applied = refused is not None and _batched(entry) is not None
        salt = random[place * _RANDOM : (place + 1) * _RANDOM]
        stand = _Next(author, seq + 1, ts, salt, made.openings)
        try:
            if refused and place in refused:
                raise refused[place]  # noqa: TRY301 - as if it had been applied here
            if is_applied:
                recorded = Recorded(_event(entry, (None,), stand), (None,))
            else:
                recorded = _apply(connection, entry, stand)
        except Exception as error:  # what an effect raises is its caller's alone
            if isinstance(error, TransactionLost) or _is_of_the_database(error):
                raise
            if is_applied and place not in (refused or ()):
                raise _OneByOne from error
            made.answers.append((entry, error))
        else:
            seq, ts = recorded.event.seq, record.microseconds(recorded.event.at)
            made.events.append(recorded.event)
            made.answers.append((entry, recorded))
    return made


def _apply(connection: Connection, entry: Entry, stand: _Next) -> Recorded:
    if not entry.effects:
        return Recorded(_event(entry, (), stand))
    with _savepoint(connection, "entry"):
        results = tuple(effect(connection) for effect in entry.effects)
        return Recorded(_event(entry, results, stand), results)


@contextlib.contextmanager
def _savepoint(connection: Connection, name: str) -> Iterator[None]:
    _execute(connection, f"SAVEPOINT {name}")
    try:
        yield
    except BaseException:
        _execute(connection, f"ROLLBACK TO SAVEPOINT {name}")
        _execute(connection, f"RELEASE SAVEPOINT {name}")
        raise
    _execute(connection, f"RELEASE SAVEPOINT {name}")


def _execute(connection: Connection, statement: str) -> None:
    """Mark or undo a part of the transaction; where that fails, nothing of it can be kept."""
    try:
        driver(connection).execute(statement)
    except DRIVER_ERRORS as error:
        raise TransactionLost(str(error)) from error


def _event(entry: Entry, results: tuple[object, ...], stand: _Next) -> Event:
    draft = entry.draft if isinstance(entry.draft, Draft) else entry.draft(results)
    now = record.microseconds(stand.author.clock.now())
    ts = max(now, stand.last)
    fields = record.compose(
        draft,
        record.Stamp(
            seq=stand.seq,
            ts=ts,
            id=uuid7(ts, stand.random),
            software=stand.author.software,
            replica=stand.author.replica,
            skew_us=ts - now,
        ),
    )
    hidden = hide(fields, draft.sensitive) if draft.sensitive else []
    if hidden and stand.author.vault is None:
        raise ValueError("this log has nowhere to keep sensitive texts")
    body = record.encode(fields)
    if hidden and stand.author.vault:
        stand.openings.extend(stand.author.vault.seal(stand.seq, hidden))
    return Event(stand.seq, record.moment(ts), body, leaf_hash(body), fields)


def _add(
    connection: Connection, statements: Statements, head: Head, made: _Made, sign: Sign
) -> Head:
    events = made.events
    if not events:
        return head
    size, ts = head.frontier.size, record.microseconds(events[-1].at)
    frontier, nodes = head.frontier.grow(event.leaf for event in events)
    root = frontier.root()
    note = sign(frontier, root)
    cursor = driver(connection).cursor()
    # One statement: each more is a pause in which the rest of the process waits for this thread.
    rows = ", ".join([statements.an_event] * len(events))
    values = [(event.seq, event.body.decode(), event.leaf) for event in events]
    cursor.execute(statements.add_events + rows, tuple(chain.from_iterable(values)))
    if made.openings:
        cursor.executemany(statements.add_opening, made.openings)
    if nodes:
        add_nodes(cursor, statements, nodes)
    moved = cursor.execute(
        statements.move_head, (frontier.size, ts, root, frontier.packed(), note, size)
    )
    if moved.rowcount != 1:
        raise TransactionLost("the log's head moved within a transaction")
    return Head(frontier, ts, note)


def add_nodes(cursor: Any, statements: Statements, nodes: Iterable[Node]) -> None:
    """Keep the nodes that became complete, with a cursor of the driver's."""
    for node in nodes:
        if node.level == TILE_LEVEL:
            cursor.execute(statements.add_tile, (node.n, node.hash))
        else:
            cursor.execute(statements.add_node, (node.level, node.n, node.hash))


def _is_of_the_database(error: Exception) -> bool:
    """Say whether an effect failed because of the disk, the lock or the connection.

    Then every other entry would fail as well, and no part of the transaction is to be believed.
    """
    said = error.orig if isinstance(error, OperationalError) else error
    if not isinstance(said, (sqlite3.OperationalError, psycopg.OperationalError)):
        return False
    # SQLite says "operational" of a statement that makes no sense, too.
    return getattr(said, "sqlite_errorname", "") != "SQLITE_ERROR"
