"""A signature needs a whole house and a sign-in provider."""

from __future__ import annotations

from tests.browser import browser
from tests.signatures.house import desk

__all__ = ["browser", "desk"]
