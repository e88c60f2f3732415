"""What is due in two working days is due at the end of the second, where the site stands."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.emergency.working_days import WeekDays

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("opened", "due"),
    [
        ("2026-11-23T09:00", "2026-11-25T23:59"),  # Monday, Wednesday
        ("2026-11-26T23:59", "2026-11-30T23:59"),  # Thursday, Monday
        ("2026-11-27T03:00", "2026-12-01T23:59"),  # Friday, Tuesday
        ("2026-11-28T12:00", "2026-12-01T23:59"),  # Saturday, Tuesday
        ("2026-11-29T12:00", "2026-12-01T23:59"),  # Sunday, Tuesday
    ],
)
def test_weekends_do_not_count(opened: str, due: str) -> None:
    assert WeekDays().later(at(opened), 2) == at(due)


def test_holidays_do_not_count() -> None:
    days = WeekDays(is_holiday=lambda day: day == date(2026, 12, 25))
    assert days.later(at("2026-12-24T10:00"), 1) == at("2026-12-28T23:59")


def test_the_day_is_the_one_where_the_site_stands() -> None:
    # Still Thursday in New York, where it is five hours earlier.
    assert WeekDays(NEW_YORK).later(at("2026-11-27T03:00"), 1) == at("2026-11-28T04:59")
