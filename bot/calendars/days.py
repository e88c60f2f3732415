"""Which days a recurrence rule names, one day at a time: the BY parts of RFC 5545 as a filter."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date, datetime
from typing import Self

from bot.calendars.parts import RuleParts

_WEEK = 7
_MOST_IN_FIRST_WEEK = 4  # RFC 5545: week 1 has at least four days of the year


@dataclass(frozen=True)
class Days:
    """The BY parts, filled up from DTSTART where the rule leaves open which day it is."""

    parts: RuleParts

    @classmethod
    def of(cls, parts: RuleParts, start: datetime) -> Self:
        """Return the filter of a rule that begins with `start`."""
        if parts.weekdays or parts.month_days or parts.year_days or parts.weeks:
            return cls(parts)
        if parts.frequency == "YEARLY":
            months = parts.months or frozenset({start.month})
            return cls(replace(parts, months=months, month_days=frozenset({start.day})))
        if parts.frequency == "MONTHLY":
            return cls(replace(parts, month_days=frozenset({start.day})))
        if parts.frequency == "WEEKLY":
            return cls(replace(parts, weekdays=((0, start.weekday()),)))
        return cls(parts)

    def has(self, day: date) -> bool:
        """Say whether every BY part that is given names the day."""
        parts = self.parts
        return (
            (not parts.months or day.month in parts.months)
            and (not parts.month_days or not parts.month_days.isdisjoint(_month_days(day)))
            and (not parts.year_days or not parts.year_days.isdisjoint(_year_days(day)))
            and (not parts.weeks or not parts.weeks.isdisjoint(self._weeks(day)))
            and (not parts.weekdays or any(self._is(day, *one) for one in parts.weekdays))
        )

    def _is(self, day: date, which: int, weekday: int) -> bool:
        """Say whether a day is a weekday, and where that is said which one of its month or year."""
        if day.weekday() != weekday:
            return False
        if which == 0:
            return True
        # With BYMONTH a yearly rule counts within the month (RFC 5545 section 3.3.10, BYDAY).
        monthly = self.parts.frequency == "MONTHLY" or bool(self.parts.months)
        from_start, from_end = _month_days(day) if monthly else _year_days(day)
        return which in ((from_start - 1) // _WEEK + 1, -((-from_end - 1) // _WEEK + 1))

    def _weeks(self, day: date) -> tuple[int, int]:
        """Return the number of a day's week, counted from both ends of the week's own year."""
        start = self.parts.week_start
        ordinal = day.toordinal()
        year = day.year
        if year < MAXYEAR and ordinal >= _first_week(year + 1, start):
            year += 1
        elif year > MINYEAR and ordinal < _first_week(year, start):
            year -= 1
        first = _first_week(year, start)
        number = (ordinal - first) // _WEEK + 1
        weeks = (_first_week(year + 1, start) - first) // _WEEK if year < MAXYEAR else 52
        return number, number - weeks - 1


def _month_days(day: date) -> tuple[int, int]:
    length = calendar.monthrange(day.year, day.month)[1]
    return day.day, day.day - length - 1


def _year_days(day: date) -> tuple[int, int]:
    number = day.timetuple().tm_yday
    return number, number - (366 if calendar.isleap(day.year) else 365) - 1


def _first_week(year: int, week_start: int) -> int:
    """Return the ordinal of the first day of week 1."""
    first = date(year, 1, 1)
    days_before = (first.weekday() - week_start) % _WEEK
    begin = first.toordinal() - days_before
    return begin if _WEEK - days_before >= _MOST_IN_FIRST_WEEK else begin + _WEEK
