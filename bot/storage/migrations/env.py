"""Runs the migrations on the connection that `Database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from bot.storage.tables import METADATA


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what others keep in the same database: the log's own SQL, and durable work."""
    return kind != "table" or name in METADATA.tables


context.configure(
    connection=context.config.attributes["connection"],
    # Only for comparing and drafting: what is not declared there is never dropped.
    target_metadata=METADATA,
    include_name=_is_ours,
    compare_type=True,
    # SQLite's schema changes are transactional when the driver is kept from committing them.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
