"""Locks of people beside those of deploys, in the same rows; and leases of the latter.

A row of an older version is a deploy's: no person holds it, and its lease begins with the first
replica that answers for it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let people hold an environment, for a time and a reason."""
    for name in ("person", "reason"):
        op.add_column("deploy_locks", _text(name))
    for name in ("since", "until", "lease"):
        op.add_column("deploy_locks", sa.Column(name, sa.DateTime))
    op.add_column("deploys", _text("under_lock"))


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''"))
