"""Whether a shard was made from this log: its tree is the log's over the same range."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Connection, LargeBinary, column, select, table

from bot.audit.index.shard import Claim
from bot.audit.probe import rows_of
from bot.audit.reading import AUDIT, read_size
from bot.audit.tree import TILE, Frontier

_TILE: Final = table("audit_tile", column("n", BigInteger), column("hash", LargeBinary))


def is_of_log(log: Connection, claim: Claim) -> bool:
    """Say whether a shard's root is the log's, over all that the shard has read.

    The log keeps the hash of each 256 events: a million are compared in some milliseconds.
    """
    if claim.high > read_size(log):
        return False
    before, count = claim.first - 1, claim.high - claim.first + 1
    whole = 0 if before % TILE else count // TILE
    upper, _ = Frontier().extend(_tiles(log, before // TILE, whole))
    if upper.size != whole:
        return False
    known = Frontier(whole * TILE, upper.peaks)
    return known.extend(_leaves(log, claim.first + known.size, claim.high))[0] == claim.frontier


def has_last(log: Connection, claim: Claim) -> bool:
    """Say whether the last event that a shard has read stands in this log: one look, no more."""
    return [bytes(row[2]) for row in rows_of(log, [claim.high])] == [claim.leaf]


def _tiles(log: Connection, first: int, count: int) -> list[bytes]:
    part = select(_TILE.c.hash).where(_TILE.c.n >= first, _TILE.c.n < first + count)
    return [bytes(found) for found in log.execute(part.order_by(_TILE.c.n)).scalars()]


def _leaves(log: Connection, lower: int, upper: int) -> list[bytes]:
    part = select(AUDIT.c.leaf).where(AUDIT.c.seq >= lower, AUDIT.c.seq <= upper)
    return [bytes(found) for found in log.execute(part.order_by(AUDIT.c.seq)).scalars()]
