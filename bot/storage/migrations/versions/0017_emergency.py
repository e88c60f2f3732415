"""Break-glass grants, and the times at which everything stood still."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and the counters that their ids come from."""
    op.create_table(
        "grants",
        _number(),
        *(_text(name) for name in ("person", "incident", "service", "reason")),
        *(sa.Column(name, sa.DateTime, nullable=False) for name in ("since", "until", "seen")),
        sa.Column("ended", sa.DateTime),
        _text("ended_by"),
    )
    op.create_index("ix_grants_ended", "grants", ["ended"])
    op.create_table(
        "halts",
        _number(),
        sa.Column("since", sa.DateTime, nullable=False),
        *(_text(name) for name in ("by", "reason", "request")),
        sa.Column("lifted", sa.DateTime),
        *(_text(name) for name in ("lifted_by", "lifted_why")),
    )
    op.create_index("ix_halts_lifted", "halts", ["lifted"])
    for name in ("glass", "incident"):
        op.add_column("deploys", sa.Column(name, sa.Text, nullable=False, server_default=""))
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.Integer))
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in ("BG", "HALT")])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
