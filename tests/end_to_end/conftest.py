"""The product as a process, beside a real hospital."""

from __future__ import annotations

from tests.end_to_end.ward import gate, ward
from tests.sandbox.fixtures import hospital, sandbox_python

__all__ = ["gate", "hospital", "sandbox_python", "ward"]
