"""Runs the migrations on the connection that `Database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # SQLite's schema changes are transactional when the driver is kept from committing them.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
