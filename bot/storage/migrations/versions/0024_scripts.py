"""Runs of allow-listed scripts, each with the end of what it printed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and the counter that its ids come from."""
    op.create_table(
        "script_runs",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("script", "digest", "given", "shown", "host", "service")),
        *(_text(name) for name in ("environment", "person", "reason", "place", "correlation")),
        _text("request"),
        sa.Column("asked", sa.DateTime, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        *(sa.Column(name, sa.DateTime) for name in ("begun", "ended")),
        sa.Column("exit_code", sa.Integer),
        *(_text(name) for name in ("text", "output")),
        sa.Column("is_cut", sa.Boolean, nullable=False),
        *(_text(name) for name in ("stop_by", "stop_why")),
    )
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.Integer))
    op.bulk_insert(counters, [{"name": "SCR", "value": 0}])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
