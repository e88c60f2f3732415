"""The side table: reads sealed openings and what was redacted, by the events' numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    LargeBinary,
    Select,
    String,
    column,
    select,
    table,
)

from bot.audit import record
from bot.audit.disclosure.vault import Sealed

OPENING: Final = table(
    "audit_opening",
    column("seq", BigInteger),
    column("idx", Integer),
    column("field", String),
    column("key", String),
    column("nonce", LargeBinary),
    column("ciphertext", LargeBinary),
)
REDACTION: Final = table(
    "audit_redaction",
    column("seq", BigInteger),
    column("idx", Integer),
    column("field", String),
    column("key", String),
    column("request", String),
    column("at", BigInteger),
)
_MOST: Final = 500  # numbers in one statement


@dataclass(frozen=True)
class Redaction:
    """A text that is gone: the field it stood in, and the request that two people decided."""

    seq: int
    idx: int
    field: str
    key: str
    request: str
    at: datetime


def sealed(connection: Connection, seqs: Sequence[int]) -> list[Sealed]:
    """Return the openings of events."""
    rows = (row for part in _parts(seqs) for row in connection.execute(_of(OPENING, part)).tuples())
    return [(row[0], row[1], row[2], row[3], bytes(row[4]), bytes(row[5])) for row in rows]


def redactions(connection: Connection, seqs: Sequence[int] | None = None) -> list[Redaction]:
    """Return what was redacted of events, or of all."""
    queries = [select(REDACTION)] if seqs is None else [_of(REDACTION, p) for p in _parts(seqs)]
    rows = (row for query in queries for row in connection.execute(query).tuples())
    return [
        Redaction(seq, idx, field, key, request, record.moment(at))
        for seq, idx, field, key, request, at in rows
    ]


def sealed_from(connection: Connection, lower: int, upper: int, most: int) -> list[int]:
    """Return the highest numbers of events with openings, below `upper`, highest first."""
    seq = OPENING.c.seq
    query = select(seq).where(seq >= lower, seq < upper).distinct().order_by(seq.desc())
    return list(connection.execute(query.limit(most)).scalars())


def _of(which: Any, seqs: Iterable[int]) -> Select[Any]:
    return select(which).where(which.c.seq.in_(list(seqs))).order_by(which.c.seq, which.c.idx)


def _parts(seqs: Sequence[int]) -> Iterable[Sequence[int]]:
    return (seqs[at : at + _MOST] for at in range(0, len(seqs), _MOST))
