"""A trend drawn in characters: what it took over time, and where it failed."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Final

from bot.model import Standing
from bot.probing.baseline import value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model.samples import Sample

WIDTH: Final = 42
BARS: Final = "▁▂▃▄▅▆▇█"
NOTHING, FAILED, UNKNOWN = "·", "x", "?"
LEGEND: Final = f"{FAILED} failed, {UNKNOWN} could not be asked, {NOTHING} not asked"


def drawn(
    samples: Sequence[Sample], begin: datetime, end: datetime, figure: str = "", width: int = WIDTH
) -> str:
    """Return one character for each stretch of the time: a bar, or what was worst in it."""
    step = (end - begin) / width
    parts: list[list[Sample]] = [[] for _ in range(width)]
    for one in samples:
        place = int((one.at - begin) / step)
        parts[min(max(place, 0), width - 1)].append(one)
    levels = [_level(part, figure) for part in parts]
    top = max((level for level in levels if level is not None), default=0)
    return "".join(_mark(part, level, top) for part, level in zip(parts, levels, strict=True))


def _level(part: Sequence[Sample], figure: str) -> float | None:
    found = [number for one in part if (number := value(one, figure)) is not None]
    return statistics.median(found) if found else None


def _mark(part: Sequence[Sample], level: float | None, top: float) -> str:
    standings = {one.standing for one in part}
    if Standing.FAILED in standings:
        return FAILED
    if Standing.UNKNOWN in standings:
        return UNKNOWN
    if level is None:
        return NOTHING
    return BARS[min(int(max(level, 0) / max(top, 1) * len(BARS)), len(BARS) - 1)]
