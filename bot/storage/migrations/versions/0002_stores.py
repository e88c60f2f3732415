"""The stores: deliveries, requests and approvals, deploys and locks, changes, topics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the stores, and the counters that their ids come from."""
    counters = op.create_table(
        "counters", _key("name"), sa.Column("value", sa.Integer, nullable=False)
    )
    names = ("REQ", "DEP", "CHG", "topics")
    op.bulk_insert(counters, [{"name": name, "value": 0} for name in names])
    _create_deliveries()
    _create_requests()
    _create_deploys()
    _create_changes()
    _create_topics()


def downgrade() -> None:
    """Records outlive code: there is no way back."""
    raise NotImplementedError


def _create_deliveries() -> None:
    op.create_table("deliveries", _key("key"), _time("at"), sa.Column("answer", sa.Text))
    op.create_index("ix_deliveries_at", "deliveries", ["at"])


def _create_requests() -> None:
    op.create_table(
        "requests",
        _number("number"),
        *_texts("proposal", "digest", "requester", "place"),
        _word("state"),
        _time("created"),
        _time("expires"),
        *_texts("needs", "decided_by"),
        _time("decided_at", null=True),
        *_texts("why", "correlation"),
    )
    op.create_index("ix_requests_state_expires", "requests", ["state", "expires"])
    op.create_index("ix_requests_state_number", "requests", ["state", "number"])
    op.create_table(
        "request_approvals", _number("request"), _key("person"), *_texts("roles"), _time("at")
    )


def _create_deploys() -> None:
    op.create_table(
        "deploys",
        _number("number"),
        *_texts("service", "environment", "version", "commit", "requester", "reason"),
        _word("state"),
        _time("created"),
        sa.Column("request", sa.Text),
        *_texts("change", "build", "replaced", "rollback_of", "outcome"),
        _time("finished", null=True),
        *_texts("steps"),
        sa.Column("place", sa.Text),
    )
    op.create_index("ix_deploys_request", "deploys", ["request"], unique=True)
    op.create_index("ix_deploys_target", "deploys", ["service", "environment", "number"])
    op.create_index("ix_deploys_state", "deploys", ["state"])
    op.create_table(
        "deploy_locks",
        _key("service"),
        _key("environment"),
        sa.Column("deploy", sa.Integer, nullable=False),
    )


def _create_changes() -> None:
    op.create_table(
        "changes",
        _number("number"),
        *_texts("service", "environment", "summary", "requester"),
        _word("type"),
        _word("state"),
        *_texts("risk", "clinical_impact", "backout"),
        _time("window_start"),
        _time("window_end"),
        _time("opened"),
        *_texts("version"),
        _time("closed", null=True),
        _word("result", null=True),
        *_texts("close_note", "request", "deploy", "approvers"),
        sa.Column("correlation", sa.Text),
    )
    op.create_index("ix_changes_correlation", "changes", ["correlation"], unique=True)
    op.create_index("ix_changes_service_state", "changes", ["service", "state"])


def _create_topics() -> None:
    op.create_table(
        "topics",
        _key("topic"),
        *_texts("reply"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
    )
    op.create_index("ix_topics_changed", "topics", ["changed"])
    names = ("topic", "platform", "channel", "thread", "ref")
    op.create_table("topic_posts", *(_key(name) for name in names))


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=True)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _word(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), nullable=null)


def _time(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime, nullable=null)
