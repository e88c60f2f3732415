"""The tickets of changes, and how far they have come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of tickets; changes that were opened before are followed by none."""
    op.create_table(
        "tickets",
        sa.Column("change", sa.Integer, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("system", "correlation")),
        *(_number(name) for name in ("revision", "shown")),
        *(_text(name) for name in ("number", "url")),
        *(sa.Column(name, sa.String(32), nullable=False) for name in ("state", "approval")),
        _text("conflicts"),
        sa.Column("sent", sa.DateTime),
        *(sa.Column(name, sa.DateTime, nullable=False) for name in ("due", "look")),
        _number("tries"),
        sa.Column("since", sa.DateTime),
        _text("trouble"),
        _number("is_dead"),
    )
    op.create_index("ix_tickets_correlation", "tickets", ["correlation"], unique=True)
    op.create_index("ix_tickets_due", "tickets", ["is_dead", "due"])


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)
