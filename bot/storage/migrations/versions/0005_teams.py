"""The Teams conversations that we may write to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "teams_references",
        sa.Column("conversation", sa.Text, primary_key=True),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("service_url", "tenant", "bot", "user", "team")
        ),
        sa.Column("is_blocked", sa.Integer, nullable=False),
    )
    op.create_index("ix_teams_references_user", "teams_references", ["tenant", "user"])
    op.create_index("ix_teams_references_team", "teams_references", ["team"])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError
