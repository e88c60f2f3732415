"""What a change record says: sites, how it is done and tested, who validates it, its template."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TEXTS = ("implementation", "test_evidence", "validator", "template", "incident", "despite_reason")
LISTS = ("sites", "parameters", "despite")


def upgrade() -> None:
    """Add the columns; what was opened before says nothing there."""
    for name in TEXTS:
        op.add_column("changes", sa.Column(name, sa.Text, nullable=False, server_default=""))
    for name in LISTS:
        op.add_column("changes", sa.Column(name, sa.Text, nullable=False, server_default="[]"))
    op.create_index("ix_changes_window", "changes", ["window_end", "window_start"])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError
