"""The fixtures of a whole house, for what is done in it in an emergency."""

from __future__ import annotations

from tests.house import chat, site

__all__ = ["chat", "site"]
