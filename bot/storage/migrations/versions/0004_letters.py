"""The outbox: letters replace the list of posts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the letters; what was posted is taken over as shown."""
    op.create_table(
        "letters",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        *(_text(name) for name in ("topic", "platform", "channel", "thread", "ref")),
        _whole("shown"),
        sa.Column("due", sa.DateTime, nullable=False),
        _whole("urgent"),
        _whole("tries"),
        _text("trouble"),
        _whole("is_dead"),
        sa.UniqueConstraint("topic", "platform", "channel", "thread", "ref"),
    )
    op.create_index("ix_letters_waiting", "letters", ["is_dead", "due"])
    op.execute(
        "INSERT INTO letters SELECT row_number() OVER (ORDER BY p.topic, p.platform, p.channel, "
        "p.thread, p.ref), p.topic, p.platform, p.channel, p.thread, p.ref, t.version, "
        "'1970-01-01 00:00:00', 0, 0, '', 0 FROM topic_posts p JOIN topics t ON t.topic = p.topic "
        "WHERE p.platform <> 'web'"
    )
    op.execute(
        "INSERT INTO counters (name, value) SELECT 'letters', coalesce(max(id), 0) FROM letters"
    )
    op.drop_table("topic_posts")


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)
