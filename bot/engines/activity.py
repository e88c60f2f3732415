"""When a channel last did something, where its engine does not tell: by its counts, as we saw them.

Kept in memory: a restart forgets, and then a channel is taken to be idle from our first look on.
So what is said is never more than it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from bot.model import Channel


@dataclass(frozen=True)
class Activity:
    """Remembers each channel's counts, and since when they are the same."""

    _seen: dict[tuple[str, str], tuple[tuple[int, ...], datetime]] = field(default_factory=dict)

    def idle(self, engine: str, channel: Channel, now: datetime) -> timedelta:
        """Return for how long a channel has done nothing, at least."""
        key = engine, channel.id
        work, since = self._seen.get(key, ((), now))
        if work != channel.work:
            since = now
            self._seen[key] = channel.work, now
        if channel.active is not None:
            since = min(channel.active, now)  # a clock over there may be ahead of ours
        return max(now - since, now - now)
