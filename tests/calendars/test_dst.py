"""The nights in which clocks are changed, in three zones; the moments were worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendars import Edges, Length, Recurring, Rule, Span, clocks
from tests.examples import examples

LONDON, NEW_YORK = "Europe/London", "America/New_York"
BERLIN, LORD_HOWE = "Europe/Berlin", "Australia/Lord_Howe"
# zone, day, from, to by the clock on the wall, from, to in UTC
FREEZES = [
    # London, 29 March 2026: 01:00 GMT is followed by 02:00 BST, at 01:00 UTC.
    (LONDON, "2026-03-29", "00:30", "03:30", "2026-03-29T00:30", "2026-03-29T02:30"),
    (LONDON, "2026-03-29", "01:30", "03:30", "2026-03-29T01:00", "2026-03-29T02:30"),
    (LONDON, "2026-03-29", "00:30", "01:30", "2026-03-29T00:30", "2026-03-29T01:30"),
    # London, 25 October 2026: 02:00 BST is followed by 01:00 GMT, at 01:00 UTC.
    (LONDON, "2026-10-25", "00:30", "03:30", "2026-10-24T23:30", "2026-10-25T03:30"),
    (LONDON, "2026-10-25", "01:30", "03:30", "2026-10-25T00:30", "2026-10-25T03:30"),
    (LONDON, "2026-10-25", "00:30", "01:30", "2026-10-24T23:30", "2026-10-25T01:30"),
    # New York, 8 March 2026: 02:00 EST is followed by 03:00 EDT, at 07:00 UTC.
    (NEW_YORK, "2026-03-08", "02:30", "04:30", "2026-03-08T07:00", "2026-03-08T08:30"),
    (NEW_YORK, "2026-03-08", "01:00", "02:30", "2026-03-08T06:00", "2026-03-08T07:30"),
    # New York, 1 November 2026: 02:00 EDT is followed by 01:00 EST, at 06:00 UTC.
    (NEW_YORK, "2026-11-01", "01:30", "05:00", "2026-11-01T05:30", "2026-11-01T10:00"),
    (NEW_YORK, "2026-11-01", "00:15", "01:30", "2026-11-01T04:15", "2026-11-01T06:30"),
    # Lord Howe changes by half an hour. 4 October 2026: 02:00 is followed by 02:30.
    (LORD_HOWE, "2026-10-04", "02:15", "04:00", "2026-10-03T15:30", "2026-10-03T17:00"),
    (LORD_HOWE, "2026-10-04", "01:00", "02:15", "2026-10-03T14:30", "2026-10-03T15:45"),
    # 5 April 2026: 02:00 is followed by 01:30.
    (LORD_HOWE, "2026-04-05", "01:45", "03:00", "2026-04-04T14:45", "2026-04-04T16:30"),
    (LORD_HOWE, "2026-04-05", "01:00", "01:45", "2026-04-04T14:00", "2026-04-04T15:15"),
    # Berlin, where it is 02:30 that does not exist, and that occurs twice.
    (BERLIN, "2026-03-29", "02:30", "05:00", "2026-03-29T01:00", "2026-03-29T03:00"),
    (BERLIN, "2026-03-29", "00:00", "02:30", "2026-03-28T23:00", "2026-03-29T01:30"),
    (BERLIN, "2026-10-25", "02:30", "05:00", "2026-10-25T00:30", "2026-10-25T04:00"),
    (BERLIN, "2026-10-25", "00:00", "02:30", "2026-10-24T22:00", "2026-10-25T01:30"),
]
AS_THE_RFC_SAYS = [
    (NEW_YORK, "2026-03-08", "02:30", "04:30", "2026-03-08T07:30", "2026-03-08T08:30"),
    (NEW_YORK, "2026-11-01", "00:15", "01:30", "2026-11-01T04:15", "2026-11-01T05:30"),
    (LORD_HOWE, "2026-10-04", "02:15", "04:00", "2026-10-03T15:45", "2026-10-03T17:00"),
    (LONDON, "2026-10-25", "00:30", "01:30", "2026-10-24T23:30", "2026-10-25T00:30"),
]


def daily(zone: str, begins: str, ends: str, edges: Edges) -> Recurring:
    starts = datetime.combine(date(2020, 1, 1), time.fromisoformat(begins))
    length = datetime.combine(date(2020, 1, 1), time.fromisoformat(ends)) - starts
    if length <= timedelta():
        length += timedelta(days=1)
    rule = Rule.read("FREQ=DAILY", starts)
    return Recurring(ZoneInfo(zone), Length(wall=length), rule=rule, edges=edges)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "day", "begins", "ends", "start", "end"), FREEZES)
def test_a_freeze_is_never_shorter_than_the_clock_on_the_wall_says(
    *, zone: str, day: str, begins: str, ends: str, start: str, end: str
) -> None:
    freeze = daily(zone, begins, ends, Edges.WIDE)
    expected = Span(utc(start), utc(end))

    assert freeze.span(datetime.fromisoformat(f"{day}T{begins}")) == expected
    assert freeze.at(expected.start) == expected
    assert freeze.at(expected.end - timedelta(seconds=1)) == expected
    assert freeze.at(expected.start - timedelta(seconds=1)) is None
    assert freeze.at(expected.end) is None
    assert freeze.after(expected.start - timedelta(seconds=1)) == expected


@pytest.mark.parametrize(("zone", "day", "begins", "ends", "start", "end"), AS_THE_RFC_SAYS)
def test_what_is_no_freeze_is_read_as_rfc_5545_says(
    *, zone: str, day: str, begins: str, ends: str, start: str, end: str
) -> None:
    rota = daily(zone, begins, ends, Edges.AS_WRITTEN)

    assert rota.span(datetime.fromisoformat(f"{day}T{begins}")) == Span(utc(start), utc(end))


@pytest.mark.parametrize("zone", [LONDON, NEW_YORK, LORD_HOWE])
@pytest.mark.parametrize("changed", ["03-08", "03-29", "04-05", "10-04", "10-25", "11-01"])
def test_a_shift_handover_is_at_the_same_time_on_the_wall_all_year(zone: str, changed: str) -> None:
    handover = daily(zone, "06:45", "07:30", Edges.WIDE)
    first = date.fromisoformat(f"2026-{changed}") - timedelta(days=1)
    for day in (first + timedelta(days=n) for n in range(3)):
        shown = {
            at: datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone)).astimezone(UTC)
            for at in ("06:44", "06:45", "07:29", "07:30")
        }
        assert handover.at(shown["06:44"]) is None
        assert handover.at(shown["06:45"]) == Span(shown["06:45"], shown["07:30"])
        assert handover.at(shown["07:29"]) == Span(shown["06:45"], shown["07:30"])
        assert handover.at(shown["07:30"]) is None


@settings(max_examples=examples(500))
@given(
    zone=st.sampled_from([LONDON, NEW_YORK, LORD_HOWE, BERLIN, "Asia/Tehran", "Africa/Cairo"]),
    day=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    begins=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    length=st.integers(1, 3 * 24 * 60),
    ahead=st.integers(-180, 5 * 24 * 60),
)
def test_whenever_the_clock_on_the_wall_is_within_a_freeze_it_holds(
    zone: str, day: date, begins: time, length: int, ahead: int
) -> None:
    starts, lasts = datetime.combine(day, begins), timedelta(minutes=length)
    freeze = Recurring(ZoneInfo(zone), Length(wall=lasts), dates=(starts,), edges=Edges.WIDE)
    moment = clocks.first(starts, ZoneInfo(zone)) + timedelta(minutes=ahead)

    if starts <= clocks.wall(moment, ZoneInfo(zone)) < starts + lasts:
        assert freeze.at(moment) is not None


@pytest.mark.parametrize(
    ("zone", "local", "kind"),
    [
        (LONDON, "2026-03-29T01:30", clocks.Wall.MISSING),
        (LONDON, "2026-03-29T01:00", clocks.Wall.MISSING),
        (LONDON, "2026-03-29T02:00", clocks.Wall.PLAIN),
        (LONDON, "2026-10-25T01:30", clocks.Wall.TWICE),
        (LONDON, "2026-10-25T02:00", clocks.Wall.PLAIN),
        (NEW_YORK, "2026-03-08T02:30", clocks.Wall.MISSING),
        (NEW_YORK, "2026-11-01T01:30", clocks.Wall.TWICE),
        (LORD_HOWE, "2026-10-04T02:15", clocks.Wall.MISSING),
        (LORD_HOWE, "2026-10-04T02:30", clocks.Wall.PLAIN),
        (LORD_HOWE, "2026-04-05T01:45", clocks.Wall.TWICE),
        ("UTC", "2026-03-29T01:30", clocks.Wall.PLAIN),
    ],
)
def test_a_time_is_told_that_does_not_exist_or_occurs_twice(
    zone: str, local: str, kind: clocks.Wall
) -> None:
    assert clocks.kind(datetime.fromisoformat(local), ZoneInfo(zone)) is kind


@pytest.mark.parametrize(
    ("zone", "missing", "at"),
    [
        (LONDON, "2026-03-29T01:00", "2026-03-29T01:00"),
        (LONDON, "2026-03-29T01:59", "2026-03-29T01:00"),
        (NEW_YORK, "2026-03-08T02:30", "2026-03-08T07:00"),
        (LORD_HOWE, "2026-10-04T02:29", "2026-10-03T15:30"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),  # a day that was skipped
    ],
)
def test_the_moment_is_found_at_which_the_clock_was_put_forward(
    zone: str, missing: str, at: str
) -> None:
    assert clocks.change(datetime.fromisoformat(missing), ZoneInfo(zone)) == utc(at)
