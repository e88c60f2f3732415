"""What the contract suites run their providers on."""

from __future__ import annotations

from tests.databases import database, database_url, sqlite_template, sqlite_url

__all__ = ["database", "database_url", "sqlite_template", "sqlite_url"]
