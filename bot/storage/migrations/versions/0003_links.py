"""Linked accounts, the codes that link them, and the codes that were typed wrong."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of links."""
    op.create_table("account_links", *_account(_key), _text("person"), _time("at"), _text("by"))
    op.create_table(
        "link_codes",
        _key("hash"),
        _text("person"),
        *_account(_text),
        _time("expires"),
        sa.Column("used", sa.Integer, nullable=False),
    )
    number = sa.Column("number", sa.Integer, primary_key=True, autoincrement=False)
    op.create_table("link_tries", *_account(_key), number, _time("at"))


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _account(column: Callable[[str], sa.Column[str]]) -> list[sa.Column[str]]:
    return [column(name) for name in ("platform", "tenant", "user")]


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime, nullable=False)
