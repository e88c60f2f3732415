"""Times as people read them in our sentences: UTC, with the day only when it is another one."""

from __future__ import annotations

from datetime import UTC, datetime


def say_when(moment: datetime | None, now: datetime) -> str:
    """Return "at 14:02 UTC", or "on 2026-11-21 at 14:02 UTC" when that is not today's."""
    if moment is None:
        return "earlier"
    moment = moment.astimezone(UTC)
    clock = f"at {moment:%H:%M} UTC"
    same_day = moment.date() == now.astimezone(UTC).date()
    return clock if same_day else f"on {moment:%Y-%m-%d} {clock}"
