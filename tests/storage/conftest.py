"""Databases for the tests of the stores."""

from __future__ import annotations

from tests.databases import database, database_url, sqlite_template, sqlite_url

__all__ = ["database", "database_url", "sqlite_template", "sqlite_url"]
