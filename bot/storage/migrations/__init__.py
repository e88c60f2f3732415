"""The schema's history, for SQLite and PostgreSQL; `Database.upgrade` runs it."""
