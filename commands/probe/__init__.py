"""Asking the systems of the hospital how they are: read-only."""

from __future__ import annotations
