"""Moments as people type them, in a site's own zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendars.typed import Reader, local_text
from bot.calendars.words import as_typed
from bot.errors import BadInput
from tests.examples import examples

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 10, 23, 17, 30, tzinfo=UTC)  # Friday, 18:30 in London
READ = Reader(LONDON, NOW)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("now", "2026-10-23T17:30"),
        ("19:00", "2026-10-23T18:00"),
        ("18:00", "2026-10-24T17:00"),  # it is past that today
        ("Fri 20:00", "2026-10-23T19:00"),
        ("Fri 18:00", "2026-10-30T18:00"),  # next week, after the clock was put back
        ("friday noon", "2026-10-30T12:00"),
        ("Tue 02:00", "2026-10-27T02:00"),
        ("today 21:15", "2026-10-23T20:15"),
        ("tomorrow 06:00", "2026-10-24T05:00"),
        ("tomorrow, 6:30 pm", "2026-10-24T17:30"),
        ("12am", "2026-10-23T23:00"),
        ("2026-12-24 12:00", "2026-12-24T12:00"),
        ("2026-12-24T12:00", "2026-12-24T12:00"),
        ("2026-12-24T12:00+01:00", "2026-12-24T11:00"),
        ("2026-12-24 12:00 UTC", "2026-12-24T12:00"),
        ("2026-07-01 12:00", "2026-07-01T11:00"),
        ("in 2h", "2026-10-23T19:30"),
        ("in 1 hour 30 minutes", "2026-10-23T19:00"),
        ("+90m", "2026-10-23T19:00"),
        ("in 2d", "2026-10-25T18:30"),  # the same time on the wall, two days on
    ],
)
def test_a_moment_is_read_as_people_there_mean_it(typed: str, expected: str) -> None:
    assert READ(typed) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tomorow 06:00", "Did you mean `tomorrow 06:00`"),
        ("wendesday 06:00", "Did you mean `wednesday 06:00`"),
        ("12/24/2026 12:00", "2026-12-24 12:00"),
        ("2026-12-24", "At what time"),
        ("Fri", "At what time"),
        ("midnight", "type 00:00"),
        ("fri 24:00", "Type 00:00 with the next day"),
        ("fri 25:00", "no time"),
        ("13pm", "no time"),
        ("2026-02-30 10:00", "no day"),
        ("2036-01-01 00:00", "Is the year right"),
        ("18:00+01:00", "Which day"),
        ("", "Which moment"),
        ("18", "Type it like"),
        ("soonish", "Type it like"),
    ],
)
def test_what_cannot_be_read_says_how_it_is_typed(typed: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        READ(typed)
    assert said in refused.value.text


def test_a_time_that_comes_twice_is_asked_for_with_both_readings() -> None:
    with pytest.raises(BadInput) as refused:
        READ("Sun 01:30")
    text = refused.value.text
    assert "comes twice" in text
    assert "`2026-10-25T01:30+01:00` for the first (2026-10-25 00:30 UTC)" in text
    assert "`2026-10-25T01:30+00:00` for the second (2026-10-25 01:30 UTC)" in text
    assert READ("2026-10-25T01:30+01:00") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert READ("2026-10-25T01:30+00:00") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_time_that_does_not_exist_is_said_with_what_is_around_it() -> None:
    with pytest.raises(BadInput) as refused:
        READ("2027-03-28 01:30")
    text = refused.value.text
    assert "does not exist in Europe/London: the clock goes from 01:00 to 02:00" in text
    assert "`2027-03-28 00:59` or `2027-03-28 02:00`" in text


def test_half_an_hour_is_skipped_on_lord_howe() -> None:
    read = Reader(ZoneInfo("Australia/Lord_Howe"), datetime(2026, 9, 1, tzinfo=UTC))
    with pytest.raises(BadInput, match="from 02:00 to 02:30"):
        read("2026-10-04 02:15")
    assert read("2026-10-04 02:30") == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)


@settings(max_examples=examples(500))
@given(
    zone=st.sampled_from(["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe"]),
    minutes=st.integers(-500_000, 500_000),
)
def test_what_we_offer_to_type_is_read_as_the_moment_it_was_made_of(
    zone: str, minutes: int
) -> None:
    place = ZoneInfo(zone)
    moment = datetime.fromtimestamp(NOW.timestamp() + 60 * minutes, UTC)

    assert Reader(place, NOW)(as_typed(moment, place)) == moment


def test_a_moment_is_said_as_the_clock_there_shows_it_and_in_utc() -> None:
    assert local_text(NOW, LONDON) == "Fri 2026-10-23 18:30 Europe/London (2026-10-23 17:30 UTC)"
    assert local_text(NOW, ZoneInfo("UTC")) == "2026-10-23 17:30 UTC"
