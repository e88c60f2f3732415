"""Five fields of cron, on the clocks of a site.

The trigger of APScheduler counts weekdays from Monday where cron counts from Sunday, so they are
given to it by name. It is asked on the wall clock alone: what a clock shows twice is taken once,
the first time, and what it leaves out is taken when the gap is over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from apscheduler.triggers.cron import CronTrigger

from bot.calendars import clocks
from bot.errors import BadInput

EXAMPLE: Final = "0 6 * * 1"
_FIELDS: Final = 5
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ITEM: Final = re.compile(
    r"(?P<first>\*|[0-7]|sun|mon|tue|wed|thu|fri|sat)"
    r"(?:-(?P<last>[0-7]|sun|mon|tue|wed|thu|fri|sat))?(?:/(?P<step>[1-7]))?"
)
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Cron:
    """When something begins again and again."""

    trigger: CronTrigger

    def after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """Return the next time after a moment, in UTC; None where there is none any more."""
        wall = clocks.wall(moment, zone)
        while True:
            found = self.trigger.get_next_fire_time(None, wall.replace(tzinfo=UTC) + _TICK)
            if found is None:
                return None
            wall = found.replace(tzinfo=None)
            at = clocks.earliest(wall, zone)
            if at > moment:
                return at


def read(text: str) -> Cron:
    """Return what a text says; `BadInput` says what is wrong with it."""
    fields = text.lower().split()
    if len(fields) != _FIELDS:
        raise BadInput(
            f"`{text}` is no schedule: five fields, for minute, hour, day, month and weekday, such "
            f'as "{EXAMPLE}" for Mondays at 06:00.'
        )
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        raise BadInput(
            "A day of the month and a weekday together mean different things to different crons; "
            "make it two schedules."
        )
    try:
        trigger = CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=_weekdays(weekday),
            timezone=UTC,
        )
    except ValueError as error:
        raise BadInput(f"`{text}` is no schedule: {error}.") from error
    cron = Cron(trigger)
    if cron.after(datetime(2026, 1, 1, tzinfo=UTC), UTC) is None:
        raise BadInput(f"`{text}` never comes.")
    return cron


def _weekdays(field: str) -> str:
    """Return the weekdays of a field by their names."""
    if field == "*":
        return field
    days: set[int] = set()
    for item in field.split(","):
        found = _ITEM.fullmatch(item)
        if found is None:
            raise ValueError(f"{item} is no weekday; 0 to 7 (0 and 7 are Sunday), or sun to sat")
        first = 0 if found["first"] == "*" else _day(found["first"])
        is_open = found["first"] == "*" or (found["step"] and not found["last"])
        last = 6 if is_open else _day(found["last"] or found["first"])
        if last < first:
            last += 7  # fri-mon goes round
        days |= {day % 7 for day in range(first, last + 1, int(found["step"] or 1))}
    return ",".join(_DAYS[day] for day in sorted(days))


def _day(name: str) -> int:
    return _DAYS.index(name) if name in _DAYS else int(name)
