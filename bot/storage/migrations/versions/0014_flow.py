"""Deploys that wait for their moment, go site by site, and can be paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a deploy needs; those that are known went everywhere at once."""
    op.add_column("deploys", sa.Column("planned", sa.DateTime))
    op.add_column("deploys", sa.Column("stop", sa.String(32)))
    for name, kind, old in (
        ("batches", sa.Text, "[]"),
        ("hold_seconds", sa.Integer, "0"),
        ("wish", sa.String(32), ""),
        ("wish_by", sa.Text, ""),
        ("wish_why", sa.Text, ""),
    ):
        op.add_column("deploys", sa.Column(name, kind, nullable=False, server_default=old))


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError
