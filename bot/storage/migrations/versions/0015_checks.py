"""The clinical validator's answer to a deploy, and until when it is waited for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a validation leaves; nobody was asked to validate what is known."""
    for name in ("validate_until", "validated"):
        op.add_column("deploys", sa.Column(name, sa.DateTime))
    for name in ("validated_by", "validation"):
        op.add_column("deploys", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.create_index("ix_deploys_watched", "deploys", ["validate_until"])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError
