"""Pruning and legal holds: an event may lose its bytes, once the log says so, and nothing else.

The only change of a row that passes is that of its bytes to `{}`, its number and its hash as they
were, and only up to where the newest event of the kind `prune` goes. That event names the very
ones; `audit verify` holds the log to it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HOLD_VERBS = ("audit hold add", "audit hold lift")

SQLITE = (
    "DROP TRIGGER audit_no_update",
    """
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
WHEN NEW.body IS NOT '{}' OR NEW.seq IS NOT OLD.seq OR NEW.leaf IS NOT OLD.leaf
  OR OLD.seq > coalesce((
    SELECT CAST(json_extract(body, '$.params.through') AS INTEGER) FROM audit
    WHERE kind = 'prune' AND seq <= (SELECT size FROM audit_head) ORDER BY seq DESC LIMIT 1
  ), 0)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
""",
)
POSTGRESQL = (
    """
CREATE FUNCTION audit_only_prune() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF NEW.body = '{}' AND NEW.seq = OLD.seq AND NEW.leaf = OLD.leaf AND OLD.seq <= coalesce((
    SELECT (body::json #>> '{params,through}')::bigint FROM audit
    WHERE kind = 'prune' AND seq <= (SELECT size FROM audit_head) ORDER BY seq DESC LIMIT 1
  ), 0) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only';
END $$
""",
    "DROP TRIGGER audit_no_update ON audit",
    """
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit FOR EACH ROW
EXECUTE FUNCTION audit_only_prune()
""",
)


def upgrade() -> None:
    """Let rows be pruned, find the events that say so, and keep the holds."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE if sqlite else POSTGRESQL:
        op.execute(statement)
    column = "kind" if sqlite else "seq"  # SQLite's indexes end with the row's number anyway
    op.execute(f"CREATE INDEX audit_prune ON audit ({column}) WHERE kind = 'prune'")
    column = "verb" if sqlite else "seq"
    verbs = ", ".join(f"'{verb}'" for verb in HOLD_VERBS)
    op.execute(f"CREATE INDEX audit_holding ON audit ({column}) WHERE verb IN ({verbs})")
    op.create_table(
        "audit_hold",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("correlation", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        # Empty while the hold is in force.
        sa.Column("lifted", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("lifted_by", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("lifted_at", sa.Text, nullable=False, server_default=sa.text("''")),
    )
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.Integer))
    op.bulk_insert(counters, [{"name": "HOLD", "value": 0}])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError
