"""Runs of runbooks: each with the text of the file that it began with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and the counter that its ids come from."""
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("runbook", "digest", "text", "values", "person", "account")),
        *(_text(name) for name in ("place", "correlation")),
        *(sa.Column(name, sa.DateTime, nullable=False) for name in ("begun", "changed")),
        sa.Column("state", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("at", "moves", "leg")),
        sa.Column("due", sa.DateTime),
        *(_text(name) for name in ("why", "results")),
    )
    op.create_index("ix_runs_state_due", "runs", ["state", "due"])
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.Integer))
    op.bulk_insert(counters, [{"name": "RUN", "value": 0}])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
