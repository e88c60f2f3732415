"""Checkpoints: the log's signed note beside its head, and the nodes that make proofs quick.

The nodes of level 16 and 24 are drawn from those of level 8, so a log of any age has them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FAN_OUT = 256
LEVELS = (16, 24)

SQLITE_TRIGGERS = (
    """
CREATE TRIGGER audit_node_no_update BEFORE UPDATE ON audit_node
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
""",
    """
CREATE TRIGGER audit_node_no_delete BEFORE DELETE ON audit_node
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
""",
    """
CREATE TRIGGER audit_node_no_replace BEFORE INSERT ON audit_node
WHEN EXISTS (SELECT 1 FROM audit_node WHERE level = NEW.level AND n = NEW.n)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
""",
)
POSTGRESQL_TRIGGERS = (
    """
CREATE TRIGGER audit_node_no_update BEFORE UPDATE ON audit_node FOR EACH STATEMENT
EXECUTE FUNCTION audit_refuse()
""",
    """
CREATE TRIGGER audit_node_no_delete BEFORE DELETE OR TRUNCATE ON audit_node FOR EACH STATEMENT
EXECUTE FUNCTION audit_refuse()
""",
)


def upgrade() -> None:
    """Add the columns, the nodes, and the index that finds the records of keys."""
    bind = op.get_bind()
    sqlite = bind.dialect.name == "sqlite"
    # An empty note: nothing was signed yet. The newest one that a key elsewhere signed as well.
    for name in ("checkpoint", "countersigned"):
        op.add_column(
            "audit_head", sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''"))
        )
    node = op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    below = bind.execute(sa.text("SELECT hash FROM audit_tile ORDER BY n")).scalars()
    hashes: Iterator[bytes] = map(bytes, below)
    for level in LEVELS:
        made = list(_above(hashes))
        rows = [{"level": level, "n": n, "hash": each} for n, each in enumerate(made)]
        if rows:
            bind.execute(sa.insert(node), rows)
        hashes = iter(made)
    for trigger in SQLITE_TRIGGERS if sqlite else POSTGRESQL_TRIGGERS:
        op.execute(trigger)
    column = "kind" if sqlite else "seq"  # SQLite's indexes end with the row's number anyway
    op.execute(f"CREATE INDEX audit_key ON audit ({column}) WHERE kind = 'key'")


def _above(hashes: Iterator[bytes]) -> Iterator[bytes]:
    """Return the roots of each 256 nodes; what is left over has no root yet."""
    nodes: list[bytes] = []
    for each in hashes:
        nodes.append(each)
        if len(nodes) == FAN_OUT:
            while len(nodes) > 1:
                pairs = iter(nodes)
                nodes = [
                    hashlib.sha256(b"\x01" + left + right).digest()
                    for left, right in zip(pairs, pairs, strict=True)
                ]
            yield nodes.pop()


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError
