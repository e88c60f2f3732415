"""What a look at a system found."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.model.estate import Probe


class Standing(enum.StrEnum):
    """How a check came out; only PASSED lets anything go on."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What one look found; `detail` and `value` hold numbers, states and times, never payload.

    `figures` are the same for whoever decides by them: plain words and numbers by their names.
    """

    standing: Standing
    detail: str
    value: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_passed(self) -> bool:
        """Say whether it passed; what is not known has not."""
        return self.standing is Standing.PASSED


@dataclass(frozen=True)
class Alerts:
    """What somebody's own security scans found in what a service is built from.

    `of` says what was looked at, as a sentence goes on. `unknown` says why nothing can be said of
    the release that was asked about; the numbers mean nothing then.
    """

    critical: int = 0
    high: int = 0
    of: str = ""
    unknown: str = ""


def counted(probe: Probe, critical: int, high: int, of: str = "") -> Finding:
    """Judge how many critical and high findings there are, by the bounds of a check."""
    said = f"{critical} critical, {high} high{of}"
    bounds = {"critical": (critical, probe.critical), "high": (high, probe.high)}
    over = [f"{most} {name}" for name, (number, most) in bounds.items() if number > most]
    if over:
        return Finding(Standing.FAILED, f"found {said}, at most {' and '.join(over)} may be", said)
    return Finding(Standing.PASSED, f"found {said}", said)
