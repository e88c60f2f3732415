"""Counts working days, for what is due in so many of them; implements `bot.ports.WorkingDays`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_SATURDAY = 5
_ENDS = time(23, 59)
_MOST = 366
"""Days that are looked through: who closes for longer has written a mistake."""


def _never(_day: date) -> bool:
    return False


@dataclass(frozen=True)
class WeekDays:
    """Monday to Friday in a site's own zone, without its holidays."""

    zone: tzinfo = UTC
    is_holiday: Callable[[date], bool] = _never

    def later(self, at: datetime, days: int) -> datetime:
        """Return the end of the working day that is so many working days after a moment's day."""
        day = at.astimezone(self.zone).date()
        for _ in range(_MOST):
            if days <= 0:
                break
            day += timedelta(days=1)
            days -= self._is_worked(day)
        return datetime.combine(day, _ENDS, self.zone).astimezone(UTC)

    def _is_worked(self, day: date) -> bool:
        return day.weekday() < _SATURDAY and not self.is_holiday(day)
