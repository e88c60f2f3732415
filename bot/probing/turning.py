"""When an endpoint turns: after the same other finding, some times in a row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import Finding
    from bot.model.samples import Watched


def moved(stood: Watched, found: Finding, at: datetime, after: int) -> Watched:
    """Return how it stands now; since the first of the findings that turned it."""
    if found.standing is stood.standing:
        return replace(stood, next=stood.standing, times=0)
    is_again = found.standing is stood.next
    times, begun = (stood.times + 1, stood.next_at) if is_again else (1, at)
    seen = replace(stood, next=found.standing, next_at=begun, times=times)
    if times < after:
        return seen
    why = found.figures.get("why", "")
    turned = replace(seen, standing=found.standing, since=begun, before=stood.since)
    return replace(turned, times=0, why=why)
