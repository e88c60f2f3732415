"""Recurrence rules, against an independent implementation where both mean the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendars import Rule
from bot.calendars.rule import MOST_COUNTED
from tests.examples import examples

START = datetime(2024, 1, 31, 6, 45)
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def several(name: str, values: list[int] | list[str]) -> st.SearchStrategy[str]:
    """Return some values of a part, or none of it."""
    lists = st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    return st.just("") | lists.map(lambda found: f";{name}={','.join(map(str, found))}")


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Return rules as RFC 5545 allows them."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    text = f"FREQ={frequency}"
    text += draw(st.sampled_from(["", "", ";INTERVAL=2", ";INTERVAL=3", ";INTERVAL=5"]))
    by = draw(several("BYMONTH", [1, 2, 3, 6, 11, 12]))
    if frequency != "WEEKLY":
        by += draw(several("BYMONTHDAY", [1, 2, 13, 28, 29, 30, 31, -1, -2, -31]))
    weeks = ""
    if frequency == "YEARLY":
        by += draw(several("BYYEARDAY", [1, 59, 60, 100, 366, -1, -366]))
        # Week 53 and weeks counted across the turn of the year are read differently there.
        weeks = draw(several("BYWEEKNO", [2, 20, 40, 51]))
    numbered = frequency in ("MONTHLY", "YEARLY") and not weeks
    # Of weekdays with and without a number together dateutil takes none, where RFC 5545 adds them.
    names = [f"{n}{day}" for n in (1, 2, 5, -1, -2) for day in DAYS]
    names = draw(st.sampled_from([DAYS, names])) if numbered else DAYS
    by += weeks + draw(several("BYDAY", names)) + draw(several("BYHOUR", [0, 6, 18, 23]))
    # Of a week dateutil counts positions from DTSTART on, where the week is the set (RFC 5545).
    if by and frequency != "WEEKLY":
        by += draw(several("BYSETPOS", [1, 2, 3, -1, -2]))
    ends = draw(st.sampled_from(["", ";COUNT=1", ";COUNT=17", ";UNTIL=20280615T120000"]))
    return text + by + draw(st.sampled_from(["", ";WKST=SU", ";WKST=WE"])) + ends


@settings(max_examples=examples(500))
@given(
    text=rules(),
    start=st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1)),
    first=st.integers(-400, 1500),
    length=st.integers(0, 800),
)
def test_a_rule_names_the_same_times_as_dateutil_does(
    text: str, start: datetime, first: int, length: int
) -> None:
    start = start.replace(second=0, microsecond=0)
    begin = start + timedelta(days=first)
    end = begin + timedelta(days=length)
    try:
        rule = Rule.read(text, start)
    except ValueError as error:
        assert "never happens" in str(error) or "too late" in str(error)  # noqa: PT017 - either is fine
        return

    assert list(rule.between(begin, end)) == rrulestr(text, dtstart=start).between(
        begin, end, inc=True
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The examples of RFC 5545 section 3.8.5.3, with its DTSTART of 2 September 1997, 09:00.
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["1998-02-13", "1998-03-13", "1998-11-13"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", ["1997-09-29", "1997-10-30"]),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", ["1998-05-11", "1999-05-17", "2000-05-15"]),
        ("FREQ=MONTHLY;BYDAY=1MO,FR", ["1997-09-05", "1997-09-12", "1997-09-19", "1997-09-26"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-3", ["1997-09-28", "1997-10-29", "1997-11-28"]),
        ("FREQ=YEARLY;BYDAY=20MO", ["1998-05-18", "1999-05-17", "2000-05-15"]),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", ["1997-09-04", "1997-10-07"]),
    ],
)
def test_the_examples_of_the_rfc_are_read_as_it_says(text: str, expected: list[str]) -> None:
    rule = Rule.read(text, datetime(1997, 9, 2, 9, 0))
    found = [one.date().isoformat() for one in islice(rule.following(rule.start), len(expected))]

    assert found == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FREQ=SECONDLY", "too often"),
        ("FREQ=MINUTELY;INTERVAL=90", "too often"),
        ("FREQ=HOURLY", "too often"),
        ("FREQ=FORTNIGHTLY", "needs FREQ"),
        ("", "must be an RRULE"),
        ("every monday", "must be an RRULE"),
        ("FREQ=DAILY;BYSECOND=1", "starts on a minute"),
        ("FREQ=DAILY;BYFULLMOON=1", "no part of an RRULE"),
        ("FREQ=DAILY;FREQ=DAILY", "given twice"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101", "keep one"),
        ("FREQ=DAILY;BYWEEKNO=2", "FREQ=YEARLY only"),
        ("FREQ=WEEKLY;BYDAY=1MO", "FREQ=MONTHLY or YEARLY"),
        ("FREQ=MONTHLY;BYDAY=0MO", "from 1 or -1"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "does not go with"),
        ("FREQ=DAILY;BYMONTH=13", "from 1 to 12"),
        ("FREQ=DAILY;BYMONTH=-1", "from 1 to 12"),
        ("FREQ=DAILY;INTERVAL=0", "from 1 to"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL must be like"),
        ("FREQ=DAILY;UNTIL=20260230", "no day that there is"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never happens"),
        ("FREQ=DAILY;UNTIL=20200101", "never happens"),
        ("FREQ=DAILY;BYSETPOS=1", "another BY part"),
        ("FREQ=DAILY;WKST=XX", "WKST"),
        (f"FREQ=DAILY;COUNT={MOST_COUNTED + 1}", "use UNTIL instead"),
        ("FREQ=DAILY;COUNT=5000;BYMONTH=2;BYMONTHDAY=29", "too late to be counted"),
        ("FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=" + ",".join(map(str, range(60))), "times a day"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Rule.read(text, START)


def test_what_began_long_ago_is_not_counted_up_from_there() -> None:
    """A DTSTART of the year 1 looks at as many days as one of last year: those asked for."""
    looked: list[int] = []
    for year in (1, 1970, 2025):
        rule = Rule.read("FREQ=DAILY", datetime(year, 1, 1, 6, 45))
        days, periods = type(rule)._days_of, 0

        def counted(self: Rule, period: int) -> object:
            nonlocal periods
            periods += 1
            return days(self, period)  # noqa: B023 - used up in this round

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Rule, "_days_of", counted)
            found = list(rule.between(datetime(2026, 11, 1), datetime(2026, 11, 8)))
        assert len(found) == 7
        looked.append(periods)

    assert len(set(looked)) == 1
    assert looked[0] <= 10


def test_a_rule_that_rarely_happens_is_found_and_one_that_is_over_ends() -> None:
    leap = Rule.read("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", datetime(2000, 1, 1, 8))
    over = Rule.read("FREQ=DAILY;COUNT=3", START)

    assert next(leap.following(datetime(2026, 1, 1))) == datetime(2044, 2, 29, 8)
    assert list(over.following(START)) == [START + timedelta(days=n) for n in range(3)]
    assert list(over.following(START + timedelta(days=3))) == []
