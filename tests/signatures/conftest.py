"""A signature needs a whole house and a sign-in provider."""

from __future__ import annotations

from tests.signatures.house import desk

__all__ = ["desk"]
