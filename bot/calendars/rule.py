"""Recurrence rules of RFC 5545 (RRULE): which naive local times they name.

A rule is asked for a stretch of days and looks at those days' periods alone, so a DTSTART of the
year 1 costs nothing. Rules are of days and longer: an HOURLY rule names no freeze that a human
could keep in mind, and a SECONDLY one would have to be counted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, Self

from bot.calendars import clocks
from bot.calendars.days import Days
from bot.calendars.parts import RuleParts, parsed

MOST_COUNTED: Final = 5_000  # a COUNT is counted out once, when it is read
MOST_PERIODS: Final = 20_000  # of which each is looked at then
YEARS_AHEAD: Final = 40  # 29 February is on a Monday only every 28 years, or 40
_WEEK: Final = 7
_MONTHS: Final = 12
_DAYS_OF: Final = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}


@dataclass(frozen=True)
class Rule:
    """An RRULE and the naive local time that it begins with (DTSTART)."""

    parts: RuleParts
    start: datetime
    days: Days
    times: tuple[time, ...]
    until: datetime | None

    @classmethod
    def read(cls, text: str, start: datetime, until: datetime | None = None) -> Self:
        """Read an RRULE; `ValueError` says in a sentence what is wrong with it.

        `until` is the naive local time to use for an UNTIL that is given in UTC.
        """
        parts = parsed(text)
        end = until or parts.until
        rule = cls(parts, start, Days.of(parts, start), _times(parts, start), end)
        if next(rule.following(start), None) is None:
            raise ValueError("never happens; mend the rule or remove it")
        return replace(rule, until=rule._counted()) if parts.count else rule

    def between(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """Yield the starts from `first` to `last`, both included, in order; naive local times."""
        first = max(first, self.start)
        last = min(last, self.until or last)
        for start in self._from(first, last):
            if start > last:
                return
            if start >= first:
                yield start

    def following(self, first: datetime) -> Iterator[datetime]:
        """Yield the starts from `first` on, as far ahead as a calendar looks."""
        return self.between(first, _ahead(max(first, self.start)))

    def _from(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """Yield the starts of the periods that touch a stretch; some lie outside of it."""
        interval = self.parts.interval
        origin = self._period(self.start.date())
        number = self._period(first.date()) - origin
        for index in itertools.count(number - number % interval, interval):
            days = self._days_of(origin + index)
            if days is None or days[0] > last.date():
                return
            yield from self._picked(days)

    def _picked(self, days: list[date]) -> Iterator[datetime]:
        """Yield what the rule names of one period's days."""
        found = [
            datetime.combine(day, at) for day in days if self.days.has(day) for at in self.times
        ]
        positions = self.parts.positions
        if positions:
            size = len(found)
            wanted = {p - 1 if p > 0 else size + p for p in positions}
            found = [one for index, one in enumerate(found) if index in wanted]
        yield from (one for one in found if one >= self.start)

    def _period(self, day: date) -> int:
        frequency = self.parts.frequency
        if frequency == "YEARLY":
            return day.year
        if frequency == "MONTHLY":
            return day.year * _MONTHS + day.month - 1
        if frequency == "WEEKLY":
            # Ordinal 1, the first day of the year 1, is a Monday.
            return (day.toordinal() - 1 - self.parts.week_start) // _WEEK
        return day.toordinal()

    def _days_of(self, period: int) -> list[date] | None:
        """Return the days of a period, or None where the calendar ends."""
        frequency = self.parts.frequency
        try:
            if frequency == "YEARLY":
                return _stretch(date(period, 1, 1), _DAYS_OF[frequency], year=period)
            if frequency == "MONTHLY":
                begin = date(period // _MONTHS, period % _MONTHS + 1, 1)
                return _stretch(begin, _DAYS_OF[frequency], month=begin.month)
            if frequency == "WEEKLY":
                begin = date.fromordinal(period * _WEEK + 1 + self.parts.week_start)
                return _stretch(begin, _WEEK)
            return [date.fromordinal(period)]
        except (ValueError, OverflowError):
            return None

    def _counted(self) -> datetime:
        """Return the last start of a rule with a COUNT."""
        count, periods, last = self.parts.count, 0, self.start
        if count > MOST_COUNTED:
            raise ValueError(f"COUNT is at most {MOST_COUNTED}; use UNTIL instead")
        interval, origin = self.parts.interval, self._period(self.start.date())
        while count > 0:
            days = self._days_of(origin + periods * interval)
            if days is None:
                break
            periods += 1
            if periods > MOST_PERIODS:
                raise ValueError("reaches its COUNT too late to be counted; use UNTIL instead")
            picked = list(itertools.islice(self._picked(days), count))
            count -= len(picked)
            last = picked[-1] if picked else last
        return last


def _times(parts: RuleParts, start: datetime) -> tuple[time, ...]:
    hours = parts.hours or (start.hour,)
    minutes = parts.minutes or (start.minute,)
    return tuple(
        time(hour, minute, start.second) for hour in sorted(hours) for minute in sorted(minutes)
    )


def _stretch(
    begin: date, most: int, *, year: int | None = None, month: int | None = None
) -> list[date]:
    """Return up to `most` days from one on, those of its year or month only where that is said."""
    ordinal = begin.toordinal()
    limit = min(ordinal + most, date.max.toordinal() + 1)
    days = (date.fromordinal(number) for number in range(ordinal, limit))
    return [d for d in days if year in (None, d.year) and month in (None, d.month)]


def _ahead(first: datetime) -> datetime:
    return clocks.moved(first, timedelta(days=366 * YEARS_AHEAD))
