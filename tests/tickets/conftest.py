"""Tickets are followed in a whole house."""

from __future__ import annotations

from tests.house import chat, site

__all__ = ["chat", "site"]
