"""What a look at a system found."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Standing(enum.StrEnum):
    """How a check came out; only PASSED lets anything go on."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What one look found; `detail` and `value` hold numbers, states and times, never payload."""

    standing: Standing
    detail: str
    value: str = ""

    @property
    def is_passed(self) -> bool:
        """Say whether it passed; what is not known has not."""
        return self.standing is Standing.PASSED
