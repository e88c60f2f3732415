"""What the guard answers: a tier and where it was found, never the value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_CHARS = 40_000
"""The longest text that is looked at; anything longer is refused, never passed unread."""


class Tier(StrEnum):
    """How sure the guard is, and so what happens to the text."""

    CLEAN = "clean"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Finding:
    """One hit: its kind and the characters it covers in the text as it was given."""

    kind: str
    tier: Tier
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one text; it holds places and kinds, and so may be logged."""

    tier: Tier
    findings: tuple[Finding, ...]
    length: int

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind that was found, once, in alphabetical order."""
        return tuple(sorted({finding.kind for finding in self.findings}))
