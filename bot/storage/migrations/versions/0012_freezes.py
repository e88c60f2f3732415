"""Freezes that were added from chat, and the last good copies of calendar feeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and the counter that freezes are numbered from."""
    op.create_table(
        "freezes",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("start", sa.DateTime, nullable=False),
        sa.Column("end", sa.DateTime, nullable=False),
        sa.Column("added", sa.DateTime, nullable=False),
        sa.Column("services", sa.Text, nullable=False),
        sa.Column("environments", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("lifted", sa.DateTime),
        sa.Column("lifted_by", sa.Text, nullable=False),
        sa.Column("lifted_why", sa.Text, nullable=False),
    )
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.Integer))
    op.bulk_insert(counters, [{"name": "freezes", "value": 0}])
    op.create_index("ix_freezes_end", "freezes", ["end"])
    op.create_table(
        "feed_copies",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("read", sa.DateTime, nullable=False),
    )


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError
