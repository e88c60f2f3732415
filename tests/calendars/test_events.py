"""Calendar feeds: what their events mean, and which ones refuse the whole feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.calendars import Several, Span, events
from tests.calendars.hospital import utc

LONDON = ZoneInfo("Europe/London")
OWN_ZONE = """BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def feed(*bodies: str, around: str = "") -> str:
    """Return a feed of these events."""
    parts = [f"BEGIN:VEVENT\n{body.strip()}\nEND:VEVENT\n" for body in bodies]
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//hospital//EN\n" + around + "".join(parts)
    return (text + "END:VCALENDAR\n").replace("\n", "\r\n")


def spans(text: str, since: str = "2026-01-01T00:00", most: int = 12) -> list[Span]:
    """Return what a feed closes from a moment on."""
    times = Several([named.times for named in events.read(text, LONDON)])
    found: list[Span] = []
    span = times.after(utc(since))
    while span is not None and len(found) < most:
        found.append(span)
        span = times.after(span.start)
    return found


def between(*pairs: str) -> list[Span]:
    """Return spans from `2026-11-02T09:00/10:00`."""
    found = []
    for pair in pairs:
        start, _, end = pair.partition("/")
        found.append(Span(utc(start), utc(end if "T" in end else f"{start[:11]}{end}")))
    return found


WEEKLY = """
UID:1
SUMMARY:Go-live
DTSTART;TZID=Europe/Berlin:20261019T090000
DTEND;TZID=Europe/Berlin:20261019T100000
RRULE:FREQ=WEEKLY;COUNT=4
"""


def test_a_recurring_event_keeps_its_local_time_over_a_change_of_the_clock() -> None:
    assert spans(feed(WEEKLY)) == between(
        "2026-10-19T07:00/08:00",
        "2026-10-26T08:00/09:00",
        "2026-11-02T08:00/09:00",
        "2026-11-09T08:00/09:00",
    )


@pytest.mark.parametrize(
    "exdate",
    [
        "EXDATE;TZID=Europe/Berlin:20261026T090000,20261102T090000",
        "EXDATE:20261026T080000Z,20261102T080000Z",
        "EXDATE;VALUE=DATE:20261026\nEXDATE;VALUE=DATE:20261102",
        "EXDATE;TZID=Europe/London:20261026T080000\nEXDATE;TZID=Europe/London:20261102T080000",
    ],
)
def test_excluded_dates_do_not_happen_however_they_are_written(exdate: str) -> None:
    assert spans(feed(WEEKLY + exdate)) == between(
        "2026-10-19T07:00/08:00", "2026-11-09T08:00/09:00"
    )


def test_an_override_takes_the_place_of_its_occurrence() -> None:
    moved = """
UID:1
SUMMARY:Go-live, later
RECURRENCE-ID;TZID=Europe/Berlin:20261026T090000
DTSTART;TZID=Europe/Berlin:20261026T140000
DTEND;TZID=Europe/Berlin:20261026T160000
"""
    cancelled = """
UID:1
STATUS:CANCELLED
RECURRENCE-ID:20261102T080000Z
DTSTART;TZID=Europe/Berlin:20261102T090000
DTEND;TZID=Europe/Berlin:20261102T100000
"""
    assert spans(feed(moved, WEEKLY, cancelled)) == between(
        "2026-10-19T07:00/08:00", "2026-10-26T13:00/15:00", "2026-11-09T08:00/09:00"
    )


def test_a_floating_time_is_the_sites_own() -> None:
    floating = "UID:2\nDTSTART:20260701T090000\nDURATION:PT2H"
    assert spans(feed(floating)) == between("2026-07-01T08:00/10:00")


def test_an_all_day_event_is_from_midnight_to_midnight_there() -> None:
    day = "UID:3\nSUMMARY:Bank holiday\nDTSTART;VALUE=DATE:20260831"
    three = "UID:4\nDTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227"
    changed = "UID:5\nDTSTART;VALUE=DATE:20261025\nDURATION:P1D"  # 25 hours long

    assert spans(feed(day)) == between("2026-08-30T23:00/2026-08-31T23:00")
    assert spans(feed(three)) == between("2026-12-24T00:00/2026-12-27T00:00")
    assert spans(feed(changed)) == between("2026-10-24T23:00/2026-10-26T00:00")


def test_an_event_over_a_change_is_as_long_as_its_clock_and_its_hours_say() -> None:
    """RFC 5545 gives an event with a DTEND its hours, people read its clock: the later one."""
    night = """
UID:6
DTSTART;TZID=Europe/London:20261001T220000
DTEND;TZID=Europe/London:20261002T060000
RRULE:FREQ=DAILY
"""
    text = feed(night)
    autumn = spans(text, "2026-10-24T12:00", 1)
    spring = spans(text, "2027-03-27T12:00", 1)

    assert autumn == between("2026-10-24T21:00/2026-10-25T06:00")  # 06:00 on the wall, 9 hours
    assert spring == between("2027-03-27T22:00/2027-03-28T06:00")  # 8 hours, 07:00 on the wall


def test_dates_and_periods_are_added() -> None:
    more = """
UID:7
DTSTART:20261101T090000Z
DTEND:20261101T100000Z
RDATE:20261103T090000Z
RDATE;VALUE=PERIOD:20261105T120000Z/PT30M,20261106T120000Z/20261106T140000Z
"""
    assert spans(feed(more)) == between(
        "2026-11-01T09:00/10:00",
        "2026-11-03T09:00/10:00",
        "2026-11-05T12:00/12:30",
        "2026-11-06T12:00/14:00",
    )


@pytest.mark.parametrize("zone", ["Customized Time Zone", "W. Europe Standard Time"])
def test_the_zones_that_exchange_writes_are_known(zone: str) -> None:
    meeting = f"UID:8\nDTSTART;TZID={zone}:20260701T090000\nDURATION:PT1H"
    winter = f"UID:9\nDTSTART;TZID={zone}:20261201T090000\nDURATION:PT1H"

    assert spans(feed(meeting, winter, around=OWN_ZONE)) == between(
        "2026-07-01T07:00/08:00", "2026-12-01T08:00/09:00"
    )


def test_until_in_utc_is_the_last_local_start() -> None:
    until = WEEKLY.replace("COUNT=4", "UNTIL=20261026T080000Z")
    assert spans(feed(until)) == between("2026-10-19T07:00/08:00", "2026-10-26T08:00/09:00")


def test_a_start_that_the_rule_does_not_name_happens_too() -> None:
    odd = "UID:1\nDTSTART:20261020T090000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=1"
    assert spans(feed(odd)) == between("2026-10-20T09:00/10:00", "2026-10-26T09:00/10:00")


def test_what_takes_no_time_or_is_cancelled_closes_nothing() -> None:
    reminder = "UID:1\nDTSTART:20261020T090000Z"
    cancelled = "UID:2\nSTATUS:CANCELLED\nDTSTART:20261021T090000Z\nDURATION:PT1H"

    assert spans(feed(reminder, cancelled)) == []
    assert spans(feed()) == []


def test_an_event_has_the_name_that_people_read() -> None:
    (named,) = events.read(feed(WEEKLY), LONDON)
    (nameless,) = events.read(feed("UID:1\nDTSTART:20261020T090000Z\nDURATION:PT1H"), LONDON)

    assert named.name == "Go-live"
    assert nameless.name == "an event without a name"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("UID:1\nSUMMARY:X\nDTSTART;TZID=Mars/Olympus:20261020T090000\nDURATION:PT1H", "Mars"),
        ("UID:1\nSUMMARY:X\nDTSTART:soon\nDURATION:PT1H", "DTSTART cannot be read"),
        ("UID:1\nSUMMARY:X\nDURATION:PT1H", "has no DTSTART"),
        ("UID:1\nDTSTART:20261020T090000Z\nDTEND:20261020T080000Z", "ends before it starts"),
        ("UID:1\nDTSTART:20261020T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY", "too often"),
        ("UID:1\nDTSTART:20261020T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYMOON=1", "BYMOON"),
        ("UID:1\nDTSTART:20261020T090000Z\nDURATION:P2Y", "DURATION cannot be read"),
        ("UID:1\nDTSTART:20261020T090000Z\nDURATION:P900D", "within 366 days"),
        ("UID:1\nDTSTART:99991231T090000Z\nDURATION:PT1H", "in the year 9999"),
        (
            "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261020T090000Z\nDTSTART:20261020T090000Z",
            "THISANDFUTURE",
        ),
    ],
)
def test_an_event_that_is_not_understood_refuses_the_whole_feed(body: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        events.read(feed(WEEKLY, body.replace("UID:1", "UID:odd")), LONDON)


@pytest.mark.parametrize(
    "text", ["", "<html>Sign in</html>", "BEGIN:VEVENT\r\nEND:VEVENT", "BEGIN:VCALENDAR\r\n", "\0"]
)
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no iCalendar text"):
        events.read(text, LONDON)


def test_a_feed_is_read_up_to_its_limits() -> None:
    many = feed(*(f"UID:{n}\nDTSTART:20261020T090000Z" for n in range(events.MOST_EVENTS + 1)))
    with pytest.raises(ValueError, match="more than 5000 events"):
        events.read(many, LONDON)
    with pytest.raises(ValueError, match="longer than 5 MB"):
        events.read("x" * (events.MOST_BYTES + 1), LONDON)


def test_a_daily_event_from_long_ago_answers_as_one_of_today_does() -> None:
    old = "UID:1\nDTSTART:19000101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"
    (named,) = events.read(feed(old), LONDON)
    moment = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

    assert named.times.at(moment) == Span(
        moment - timedelta(minutes=30), moment + timedelta(minutes=30)
    )
