"""Approvals that were signed, and signatures that are asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let an approval hold its signature, and create the table of signings."""
    for name in ("signed_name", "meaning"):
        text = sa.Column(name, sa.Text, nullable=False, server_default="")
        op.add_column("request_approvals", text)
    op.add_column("request_approvals", sa.Column("signed_at", sa.DateTime))
    op.create_table(
        "signings",
        sa.Column("link", sa.Text, primary_key=True),
        *(_text(name) for name in ("person", "name", "meaning")),
        sa.Column("request", sa.Integer, nullable=False),
        _text("digest"),
        *(sa.Column(name, sa.DateTime, nullable=False) for name in ("asked", "expires")),
        *(_text(name) for name in ("correlation", "browser", "subject")),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("signed_in", sa.DateTime),
    )
    op.create_index("ix_signings_browser", "signings", ["browser"])
    op.create_index("ix_signings_request", "signings", ["request", "person"])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
