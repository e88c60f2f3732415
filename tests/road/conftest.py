"""The road needs a whole house."""

from __future__ import annotations

from tests.databases import sqlite_template, sqlite_url
from tests.house import chat, site

__all__ = ["chat", "site", "sqlite_template", "sqlite_url"]
