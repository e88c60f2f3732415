"""The hospital as these tests use it."""

from __future__ import annotations

from tests.sandbox.fixtures import hospital, sandbox_python

__all__ = ["hospital", "sandbox_python"]
