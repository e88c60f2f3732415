"""Schedules: runbooks that begin by the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and the counter that its ids come from."""
    op.create_table(
        "schedules",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("runbook", "given", "cron", "person", "account")),
        *(_text(name) for name in ("place", "correlation")),
        sa.Column("made", sa.DateTime, nullable=False),
        sa.Column("next", sa.DateTime),
        _text("last"),
    )
    op.create_index("ix_schedules_next", "schedules", ["next"])
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.Integer))
    op.bulk_insert(counters, [{"name": "SCHED", "value": 0}])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
