"""The hashes of the tree, read from the database: few rows, however long the log.

Stored are the leaves, beside their events, and the nodes of levels 8, 16 and 24. Whatever lies
between two of these levels is computed from the 256 nodes below it.
"""

from __future__ import annotations

import hashlib
from typing import Final

from sqlalchemy import Connection

from bot.audit.proof import HashOf
from bot.audit.tree import TILE, node_hash
from bot.errors import Conflict
from bot.storage.database import driver

_STEP: Final = 8  # levels between the stored ones
_TOP: Final = 24
_QUERIES: Final = {
    0: "SELECT seq - 1, leaf FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq",
    8: "SELECT n, hash FROM audit_tile WHERE n >= ? AND n < ? ORDER BY n",
    16: "SELECT n, hash FROM audit_node WHERE level = 16 AND n >= ? AND n < ? ORDER BY n",
    24: "SELECT n, hash FROM audit_node WHERE level = 24 AND n >= ? AND n < ? ORDER BY n",
}


def hashes(connection: Connection) -> HashOf:
    """Return the source of a proof's hashes on this connection's snapshot."""
    return Nodes(connection).hash_of


class Nodes:
    """The tree of the log on one snapshot: `hash_of` is what proofs are made from.

    What was read once is remembered, so use one for several proofs, and not for long.
    """

    def __init__(self, connection: Connection) -> None:
        self._driver = driver(connection)
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        self._queries = {level: query.replace("?", mark) for level, query in _QUERIES.items()}
        self._tiles: dict[tuple[int, int], list[list[bytes]]] = {}

    def hash_of(self, level: int, index: int) -> bytes:
        """Return the root of the complete subtree; Conflict where the log has no such leaves."""
        stored = min(level - level % _STEP, _TOP)
        above = level - stored
        if above > _STEP - 1:  # the log is larger than its levels were made for
            return node_hash(
                self.hash_of(level - 1, 2 * index), self.hash_of(level - 1, 2 * index + 1)
            )
        number, within = divmod(index << above, TILE)
        nodes = self._tile(stored, number)[above]
        within >>= above
        if within >= len(nodes):
            raise Conflict(
                f"The audit log lacks a hash of its tree ({level}, {index}). Run `audit verify`."
            )
        return nodes[within]

    def _tile(self, stored: int, number: int) -> list[list[bytes]]:
        """Return up to 256 neighbours of a stored level, and what is computed above them."""
        found = self._tiles.get((stored, number))
        if found is None:
            bounds = (number * TILE, (number + 1) * TILE)
            rows = self._driver.execute(self._queries[stored], bounds).fetchall()
            # Up to the first gap: no hash may stand in the place of one that was taken away.
            whole = [bytes(each) for place, (n, each) in enumerate(rows, bounds[0]) if n == place]
            found = self._tiles[stored, number] = _levels(whole)
        return found


def _levels(nodes: list[bytes]) -> list[list[bytes]]:
    levels, sha256 = [nodes], hashlib.sha256
    for _ in range(_STEP - 1):
        pairs = zip(nodes[0::2], nodes[1::2], strict=False)
        # `node_hash` written out: this is where a proof's time goes.
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        levels.append(nodes)
    return levels
