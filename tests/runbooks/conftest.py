"""A running house for the runbooks' tests; where one has files of its own, it makes its own."""

from __future__ import annotations

from tests.house import chat, site

__all__ = ["chat", "site"]
