"""What probes have found, and how each endpoint stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "probe_samples",
        sa.Column("endpoint", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime, primary_key=True),
        sa.Column("standing", sa.String(32), nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("why", "figures")),
    )
    op.create_index("ix_probe_samples_at", "probe_samples", ["at"])
    op.create_table(
        "probe_standings",
        sa.Column("endpoint", sa.Text, primary_key=True),
        *(_time(name) for name in ("asked", "since", "before", "next_at")),
        *(sa.Column(name, sa.String(32), nullable=False) for name in ("standing", "next", "told")),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime, nullable=False)
