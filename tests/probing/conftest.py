"""The fixtures of a whole house."""

from __future__ import annotations

from tests.house import site

__all__ = ["site"]
