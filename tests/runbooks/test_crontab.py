"""Five fields of cron on the clocks of a site."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.errors import BadInput
from bot.runbooks import crontab

LONDON = ZoneInfo("Europe/London")


def after(text: str, *moment: int, zone: ZoneInfo = LONDON) -> str:
    found = crontab.read(text).after(datetime(*moment, tzinfo=UTC), zone)  # type: ignore[misc, arg-type]  # year, month, day...
    return f"{found:%a %Y-%m-%d %H:%M}" if found else "never"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("0 6 * * 0", "Sun"),
        ("0 6 * * 1", "Mon"),
        ("0 6 * * 6", "Sat"),
        ("0 6 * * 7", "Sun"),
        ("0 6 * * wed", "Wed"),
    ],
)
def test_weekdays_are_counted_as_cron_counts_them(text: str, day: str) -> None:
    assert after(text, 2026, 1, 7, 12, 0).startswith(day)


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("1-5", "mon,tue,wed,thu,fri"),
        ("fri-mon", "sun,mon,fri,sat"),
        ("5-7", "sun,fri,sat"),
        ("*/3", "sun,wed,sat"),
        ("1,3", "mon,wed"),
    ],
)
def test_ranges_of_weekdays_may_go_round(field: str, days: str) -> None:
    trigger = crontab.read(f"0 0 * * {field}").trigger
    assert str(next(f for f in trigger.fields if f.name == "day_of_week")) == days


def test_it_is_on_the_clocks_of_the_site() -> None:
    assert after("0 6 * * *", 2026, 7, 1, 0, 0) == "Wed 2026-07-01 05:00"
    assert after("0 6 * * *", 2026, 1, 7, 0, 0) == "Wed 2026-01-07 06:00"


def test_a_time_that_does_not_exist_begins_when_the_gap_is_over() -> None:
    # On 2026-03-29 London's clocks go from 01:00 to 02:00, at 01:00 UTC.
    assert after("30 1 * * *", 2026, 3, 28, 12, 0) == "Sun 2026-03-29 01:00"
    assert after("30 1 * * *", 2026, 3, 29, 1, 0) == "Mon 2026-03-30 00:30"
    assert after("*/20 1 * * *", 2026, 3, 29, 1, 0) == "Mon 2026-03-30 00:00", "once for the gap"


def test_a_time_that_exists_twice_begins_once() -> None:
    # On 2026-10-25 London's clocks show 01:00 to 02:00 twice, from 00:00 and from 01:00 UTC.
    assert after("30 1 * * *", 2026, 10, 24, 12, 0) == "Sun 2026-10-25 00:30"
    assert after("30 1 * * *", 2026, 10, 25, 0, 30) == "Mon 2026-10-26 01:30"
    assert after("30 * * * *", 2026, 10, 25, 0, 30) == "Sun 2026-10-25 02:30"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 6 * *", "five fields"),
        ("0 25 * * *", "is no schedule"),
        ("0 6 * * 8", "8 is no weekday"),
        ("0 6 1 * 1", "make it two schedules"),
        ("0 6 30 2 *", "never comes"),
        ("@daily", "five fields"),
    ],
)
def test_what_is_no_schedule_is_said(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        crontab.read(text)
