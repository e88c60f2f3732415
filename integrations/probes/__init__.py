"""Asks the systems of a hospital how they are: read-only, one small question, at most ten seconds.

What comes back is numbers, states and times; nothing else of an answer is kept or said.
"""

from __future__ import annotations

from integrations.probes.prober import HttpProber

__all__ = ["HttpProber"]
