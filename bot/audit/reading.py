"""Reads what is stored: rows as bytes, and the events that they still are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    String,
    cast,
    column,
    func,
    select,
    table,
    type_coerce,
)
from sqlalchemy.types import NULLTYPE

from bot.audit import record, verify
from bot.audit.tree import leaf_hash
from bot.model import Event

INDEXED: Final = ("person", "service", "request", "deploy", "change", "incident", "correlation")
"""The filters whose column has an index."""

AUDIT: Final = table(
    "audit",
    column("seq", BigInteger),
    column("body", String),
    column("leaf"),  # no type: the driver gives bytes, and a million conversions take their time
    *(column(name, String) for name in INDEXED),
)
_HEAD: Final = table("audit_head", column("size", BigInteger), column("root", LargeBinary))
_TILE: Final = table("audit_tile", column("n", BigInteger), column("hash", LargeBinary))
_CHUNK: Final = 2_000

Row: TypeAlias = tuple[int, bytes, bytes]
"""A number, the bytes stored under it, and the hash stored beside them."""


def select_rows(connection: Connection) -> Select[Any]:
    """Start a query for rows.

    The body is read as bytes: one that was tampered with may not be text any more.
    """
    body: ColumnElement[bytes] = cast(AUDIT.c.body, LargeBinary)
    if connection.dialect.name == "postgresql":
        body = func.convert_to(AUDIT.c.body, "UTF8")
    return select(AUDIT.c.seq, type_coerce(body, NULLTYPE), AUDIT.c.leaf)


def fetch(connection: Connection, query: Select[Any]) -> list[Row]:
    """Run a query for rows."""
    return list(connection.execute(query).tuples())


def read_event(row: Row) -> Event | None:
    """Return a stored event, or None where its bytes are not those that were recorded."""
    seq, body, leaf = row
    if leaf_hash(body) != leaf:
        return None
    try:
        fields = record.parse(body)
        ts = fields["ts"]
        if fields["seq"] != seq or not isinstance(ts, int):
            return None
        return Event(seq, record.moment(ts), body, leaf, fields)
    except (ValueError, KeyError, OverflowError):
        return None


def read_row(connection: Connection, seq: int) -> Row | None:
    """Return one row."""
    rows = fetch(connection, select_rows(connection).where(AUDIT.c.seq == seq))
    return rows[0] if rows else None


def stored_rows(connection: Connection) -> Iterator[Row]:
    """Return every row in order, a chunk at a time."""
    rows = select_rows(connection).order_by(AUDIT.c.seq).limit(_CHUNK)
    chunk = fetch(connection, rows)
    while chunk:
        yield from chunk
        chunk = fetch(connection, rows.where(AUDIT.c.seq > chunk[-1][0]))


def read_size(connection: Connection) -> int:
    """Return how many events the log says it has."""
    return connection.execute(select(_HEAD.c.size)).scalar() or 0


def read_log_head(connection: Connection) -> verify.Head:
    """Return what the log says of itself; of size 0, with no root, where it says nothing."""
    head = connection.execute(select(_HEAD.c.size, _HEAD.c.root)).one_or_none()
    size, root = (head[0], bytes(head[1])) if head else (0, b"")
    tiles = connection.execute(select(_TILE.c.hash).order_by(_TILE.c.n)).scalars()
    return verify.Head(size, root, [bytes(tile) for tile in tiles])
