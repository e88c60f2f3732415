"""Moments that Argo CD's answers name, and the clock by which they were written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

NOW = datetime.now(UTC)
LONG_AGO = (NOW - timedelta(hours=1)).isoformat()
JUST_NOW = (NOW - timedelta(seconds=5)).isoformat()
AND_THEN = (NOW - timedelta(seconds=4)).isoformat()


class Then(datetime):
    """The clock as it was when these moments were written down: a run may come here late."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Then:
        return cls.fromtimestamp(NOW.timestamp(), tz)
