"""One file of the index: the tokens of a fixed range of events, and how far it has got.

What a shard says of itself is written in the transaction that makes it true, so that a process
that is killed leaves a shard that has less in it, never one that claims too much.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import urllib.parse
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bot.audit.index.tokens import DAMAGED, LONG, TOKENIZER, Tokens
from bot.audit.tree import Frontier

FORMAT: Final = 1
"""Raised with what a token is: shards of another format are made again."""

_MOST_WORDS: Final = 1_000_000
_STEPS: Final = 200  # of SQLite's machine, between two looks at the time
_BUSY_MS: Final = 5_000

_SCHEMA: Final = (
    # No content: the log has it. No positions: whether words stand together, the event says.
    f"""CREATE VIRTUAL TABLE token USING fts5
        (text, content = '', detail = none, columnsize = 0, tokenize = "{TOKENIZER}")""",
    "CREATE TABLE word (id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE)",
    """CREATE TABLE claim (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL,
       first INTEGER NOT NULL, last INTEGER NOT NULL, high INTEGER NOT NULL,
       damaged INTEGER NOT NULL, long INTEGER NOT NULL, is_sealed INTEGER NOT NULL,
       frontier BLOB NOT NULL, leaf BLOB NOT NULL)""",
)
_CLAIM: Final = """SELECT format, first, last, high, damaged, long, is_sealed, frontier, leaf
                   FROM claim"""


_CORRUPT: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class Unusable(Exception):
    """The file is no shard of this format: it is to be made again."""


def is_corrupt(error: Exception) -> bool:
    """Say whether the file itself is at fault, not the machine, the lock or the time."""
    name: str = getattr(error, "sqlite_errorname", "")
    return isinstance(error, Unusable) or name.startswith(_CORRUPT)


@dataclass(frozen=True)
class Claim:
    """What a shard says of itself: every event from `first` to `high` is in it, in that order.

    Its range ends at `last`. `frontier` is that of the RFC 6962 tree over the leaves it has read,
    `leaf` the last of them; `damaged` and `long` count the events that have those marks.
    """

    first: int
    last: int
    high: int
    damaged: int = 0
    long: int = 0
    is_sealed: bool = False
    frontier: Frontier = field(default_factory=Frontier)
    leaf: bytes = b""

    @property
    def is_full(self) -> bool:
        """Say whether the whole range has been read."""
        return self.high == self.last


@dataclass(frozen=True)
class Leaf:
    """An event as a shard keeps it: its number, its leaf hash, its tokens; None where damaged."""

    seq: int
    leaf: bytes
    tokens: Tokens | None


def create(path: Path, first: int, last: int) -> None:
    """Make an empty shard, readable by this user alone; nobody sees it before it is whole."""
    new = path.with_name(f"{path.name}.new")
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with contextlib.closing(_connect(new)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        _write_schema(connection, first, last)
    new.rename(path)


def _write_schema(connection: sqlite3.Connection, first: int, last: int) -> None:
    with transaction(connection):
        for statement in _SCHEMA:
            connection.execute(statement)
        row = (FORMAT, first, last, first - 1, b"", b"")
        connection.execute("INSERT INTO claim VALUES (1, ?, ?, ?, ?, 0, 0, 0, ?, ?)", row)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open a shard to add to it."""
    connection = _connect(path)
    # A power cut may take the last events from it, no more: it then says so.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a shard to ask it."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    # mode=rw: a shard that was thrown away must not come back as an empty file.
    uri = f"file:{urllib.parse.quote(str(path))}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a transaction; nothing of it is left where it fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def read_claim(connection: sqlite3.Connection) -> Claim:
    """Return what a shard says of itself; Unusable where that makes no sense."""
    try:
        row = connection.execute(_CLAIM).fetchone()
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error) and error.sqlite_errorname != "SQLITE_ERROR":  # no such table
            raise
        raise Unusable(str(error)) from error
    if row is None or row[0] != FORMAT:
        raise Unusable("a shard of another format")
    _, first, last, high, damaged, long, is_sealed, packed, leaf = row
    try:
        frontier = Frontier.unpacked(high - first + 1, packed)
    except ValueError as error:
        raise Unusable(str(error)) from error
    return Claim(first, last, high, damaged, long, bool(is_sealed), frontier, leaf)


def add(connection: sqlite3.Connection, claim: Claim, leaves: Iterable[Leaf]) -> Claim:
    """Add the events that follow, all or none of them; return what the shard then says."""
    written = _Written(connection)
    with transaction(connection):
        rows = ((leaf.seq, written.text(leaf)) for leaf in leaves)
        connection.executemany("INSERT INTO token (rowid, text) VALUES (?, ?)", rows)
        written.list_runs(connection)
        if not written.hashes:
            return claim
        frontier, _ = claim.frontier.extend(written.hashes)
        grown = Claim(
            claim.first,
            claim.last,
            claim.high + len(written.hashes),
            claim.damaged + written.damaged,
            claim.long + written.long,
            False,
            frontier,
            written.hashes[-1],
        )
        _claim(connection, grown)
    return grown


class _Written:
    """What became of a batch while it was written: an event at a time, others run in between."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        count = "SELECT coalesce(max(id), 0) FROM word"  # none is ever deleted
        self._room = _MOST_WORDS - connection.execute(count).fetchone()[0]
        self._known: set[str] = set()
        self.hashes: list[bytes] = []
        self.damaged = 0
        self.long = 0

    def text(self, leaf: Leaf) -> str:
        """Return an event's tokens as FTS5 takes them, keeping its runs for the list."""
        self.hashes.append(leaf.leaf)
        tokens = leaf.tokens
        if tokens is None:
            self.damaged += 1
            return DAMAGED
        is_long = tokens.is_long
        if new := tokens.runs - self._known:
            if len(self._known) + len(new) < self._room:
                self._known |= new
            else:
                is_long = True
        self.long += is_long
        text = " ".join((*tokens.runs, tokens.others))
        return f"{text} {LONG}" if is_long else text

    def list_runs(self, connection: sqlite3.Connection) -> None:
        """Write the runs of the batch that the list does not have."""
        insert = "INSERT OR IGNORE INTO word (run) VALUES (?)"
        connection.executemany(insert, [(run,) for run in sorted(self._known)])


def _claim(connection: sqlite3.Connection, claim: Claim) -> None:
    connection.execute(
        "UPDATE claim SET high = ?, damaged = ?, long = ?, is_sealed = ?, frontier = ?, leaf = ?",
        (
            claim.high,
            claim.damaged,
            claim.long,
            claim.is_sealed,
            claim.frontier.packed(),
            claim.leaf,
        ),
    )


def seal(connection: sqlite3.Connection, claim: Claim) -> Claim:
    """Bring a full shard into its final form, which takes seconds: it is asked a third faster."""
    sealed = replace(claim, is_sealed=True)
    with transaction(connection):
        connection.execute("INSERT INTO token (token) VALUES ('optimize')")
        _claim(connection, sealed)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sealed


def candidates(
    connection: sqlite3.Connection,
    expression: str,
    lower: int,
    upper: int,
    *,
    sizes: Iterator[int],
    is_late: Callable[[], bool],
) -> Generator[Sequence[int], None, None]:
    """Return the numbers from below `upper` down to `lower`, in parts of the sizes asked for.

    sqlite3.OperationalError where it gets late.
    """
    statement = """SELECT rowid FROM token WHERE token MATCH ? AND rowid >= ? AND rowid < ?
                   ORDER BY rowid DESC"""
    connection.set_progress_handler(is_late, _STEPS)
    found = connection.cursor()
    try:
        found.execute(statement, (expression, lower, upper))
        while rows := found.fetchmany(next(sizes)):
            yield [seq for (seq,) in rows]
    finally:
        found.close()
        connection.set_progress_handler(None, 0)
