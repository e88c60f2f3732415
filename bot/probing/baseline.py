"""What is usual in this hour of the week, as the clocks of the site show it."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from bot.model.samples import Sample

WEEKS: Final = 8  # how far back is looked
LEAST_WEEKS: Final = 3  # of them with a sample in this hour
LEAST: Final = 9
GAPS: Final = ("idle_seconds", "newest_seconds")
"""Figures that say since when nothing has come, the first that a probe has."""

STRANGE: Final = 2  # times the usual, and above what 95 of 100 were


@dataclass(frozen=True)
class Usual:
    """The median, and what 95 of 100 were at most, of `of` samples."""

    median: int
    p95: int
    of: int

    def is_strange(self, value: int) -> bool:
        """Say whether a value is far above what is usual."""
        return value > self.p95 and value > STRANGE * max(self.median, 1)


def hours(now: datetime, zone: ZoneInfo, weeks: int = WEEKS) -> list[tuple[datetime, datetime]]:
    """Return this hour of the week in the weeks before, in UTC.

    A week is one on the wall: over a change of the clocks it is an hour more or less.
    """
    here = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    begins = [(here - timedelta(weeks=back)).astimezone(UTC) for back in range(1, weeks + 1)]
    return [(begin, begin + timedelta(hours=1)) for begin in begins]


def usual(samples: Sequence[Sample], figure: str = "") -> Usual | None:
    """Return what is usual of samples that passed, None where there are too few of them.

    Of the milliseconds, or of a figure.
    """
    passed = [one for one in samples if one.standing.value == "passed"]
    values = sorted(found for one in passed if (found := value(one, figure)) is not None)
    weeks = {one.at.date().isocalendar()[:2] for one in passed}
    if len(values) < LEAST or len(weeks) < LEAST_WEEKS:
        return None
    at = math.ceil(len(values) * 0.95) - 1
    return Usual(round(statistics.median(values)), values[at], len(values))


def value(sample: Sample, figure: str) -> int | None:
    """Return a figure of a sample, its milliseconds for none; None where it has no such one."""
    if not figure:
        return sample.milliseconds
    said = sample.figures.get(figure, "")
    return int(said) if said else None


def gap(sample: Sample) -> str:
    """Return the figure that says since when nothing came, "" where a probe has none."""
    return next((name for name in GAPS if name in sample.figures), "")
