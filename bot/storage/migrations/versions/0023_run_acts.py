"""What a run does that changes something, and who was asked to take the run over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of two runs, one acts on a target."""
    op.add_column("runs", sa.Column("act", sa.Text))
    op.add_column("runs", sa.Column("offered", sa.Text, nullable=False, server_default=""))
    op.add_column("runs", sa.Column("target", sa.Text))
    op.create_index("ix_runs_target", "runs", ["target"], unique=True)


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError
