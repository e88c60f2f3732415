"""Gates are tried in a whole house."""

from __future__ import annotations

from tests.house import chat, site

__all__ = ["chat", "site"]
