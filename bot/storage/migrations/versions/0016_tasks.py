"""Review tasks: what somebody else still has to look at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and the counter that its ids come from."""
    op.create_table(
        "tasks",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(32), nullable=False),
        *(_text(name) for name in ("about", "subject")),
        *(sa.Column(name, sa.DateTime, nullable=False) for name in ("due", "opened")),
        *(_text(name) for name in ("service", "correlation")),
        sa.Column("closed", sa.DateTime),
        *(_text(name) for name in ("closed_by", "findings")),
        sa.Column("told", sa.DateTime),
    )
    op.create_index("ix_tasks_about", "tasks", ["kind", "about"], unique=True)
    op.create_index("ix_tasks_open", "tasks", ["closed", "due"])
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.Integer))
    op.bulk_insert(counters, [{"name": "TASK", "value": 0}])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
