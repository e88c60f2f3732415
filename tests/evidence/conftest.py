"""The house that the tests of evidence type to."""

from __future__ import annotations

from tests.house import chat, site

__all__ = ["chat", "site"]
