from __future__ import annotations

from tests.databases import launched_template, launched_url, sqlite_template
from tests.house import chat, site

__all__ = ["chat", "launched_template", "launched_url", "site", "sqlite_template"]
