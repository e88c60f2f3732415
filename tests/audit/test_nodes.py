"""The tree's hashes as the database has them, against a tree that is built from the leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy import column as a_column
from sqlalchemy import table as a_table

from bot.audit import proof
from bot.audit.batch import POSTGRESQL, SQLITE, add_nodes
from bot.audit.log import AuditLog
from bot.audit.nodes import Nodes
from bot.audit.tree import Frontier, leaf_hash, node_hash, root_of
from bot.errors import Conflict
from bot.storage.database import Database, driver
from tests.audit.conftest import in_a_file
from tests.audit.events import as_attacker, draft, fill, rows

AUDIT = a_table("audit", a_column("seq"), a_column("body"), a_column("leaf"))


def grow(database: Database, leaves: Sequence[bytes], size: int = 0) -> None:
    """Put leaves and nodes where the writer puts them, without events that are worth reading."""
    frontier, nodes = Frontier().grow(leaves)
    assert frontier.size == len(leaves)
    statements = SQLITE if database.is_sqlite else POSTGRESQL

    def put(connection: Connection) -> None:
        values = [{"seq": n, "body": "{}", "leaf": leaf} for n, leaf in enumerate(leaves, size + 1)]
        connection.execute(insert(AUDIT), values)
        add_nodes(driver(connection).cursor(), statements, nodes)

    database.write_now(put)


def naive(leaves: Sequence[bytes], level: int, index: int) -> bytes:
    """The definition, word for word."""
    nodes = list(leaves[index << level : (index + 1) << level])
    while len(nodes) > 1:
        nodes = [node_hash(nodes[n], nodes[n + 1]) for n in range(0, len(nodes), 2)]
    return nodes[0]


async def test_every_complete_node_of_a_small_log_is_found(
    log: AuditLog, database: Database
) -> None:
    await fill(log, *(draft(text=str(n)) for n in range(300)))
    leaves = [leaf for _, _, leaf in rows(database)]

    def look(connection: Connection) -> None:
        nodes = Nodes(connection)
        for level in range(9):
            for index in range(300 >> level):
                assert nodes.hash_of(level, index) == naive(leaves, level, index)
        assert proof.root(nodes.hash_of, 300) == root_of(leaves)

    database.read_now(look)


@in_a_file
@pytest.mark.thorough
def test_proofs_of_a_log_with_nodes_of_level_16_hold(database: Database) -> None:
    size = 2 * 65_536 + 700
    leaves = [leaf_hash(n.to_bytes(4)) for n in range(size)]
    grow(database, leaves)
    root = root_of(leaves)

    def look(connection: Connection) -> None:
        kept = connection.execute(text("SELECT level, n, hash FROM audit_node ORDER BY n")).all()
        assert [(level, n, bytes(each)) for level, n, each in kept] == [
            (16, n, naive(leaves, 16, n)) for n in range(2)
        ]
        for index in (0, 255, 256, 65_535, 65_536, 131_071, 131_072, size - 1):
            path = proof.inclusion(Nodes(connection).hash_of, index, size)
            assert proof.includes(leaves[index], index, size, path, root)
        for old in (1, 255, 256, 65_536, 65_537, 131_072, size - 1):
            path = proof.consistency(Nodes(connection).hash_of, old, size)
            assert proof.grew(old, root_of(leaves[:old]), size, root, path)

    database.read_now(look)


def test_level_24_is_kept_and_read(database: Database) -> None:
    # A log of 2 ** 25 events would take an hour: what is kept of it is put there as it is.
    hashes = [hashlib.sha256(str(n).encode()).digest() for n in range(2)]
    statements = SQLITE if database.is_sqlite else POSTGRESQL
    node = a_table("audit_node", a_column("level"), a_column("n"), a_column("hash"))
    values = [{"level": 24, "n": n, "hash": each} for n, each in enumerate(hashes)]
    database.write_now(lambda c: c.execute(insert(node), values))
    found = database.read_now(
        lambda c: [Nodes(c).hash_of(24, 0), Nodes(c).hash_of(24, 1), Nodes(c).hash_of(25, 0)]
    )
    assert found == [*hashes, node_hash(*hashes)]
    assert "audit_node" in statements.add_node


async def test_a_node_that_is_not_there_is_said(log: AuditLog, database: Database) -> None:
    await fill(log, *(draft() for _ in range(3)))
    for level, index in ((0, 3), (1, 1), (8, 0), (16, 0), (24, 0), (33, 0)):
        with pytest.raises(Conflict, match="lacks a hash of its tree"):
            database.read_now(lambda c, at=(level, index): Nodes(c).hash_of(*at))  # type: ignore[misc]  # bound now


async def test_a_leaf_that_was_taken_away_is_said_and_nothing_is_proved_with_another(
    log: AuditLog, database: Database
) -> None:
    await fill(log, *(draft() for _ in range(4)))
    as_attacker(database, text("DELETE FROM audit WHERE seq = 2"))
    with pytest.raises(Conflict, match="lacks a hash of its tree"):
        database.read_now(lambda c: Nodes(c).hash_of(0, 1))
