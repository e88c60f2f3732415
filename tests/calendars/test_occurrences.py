"""What covers a moment and what comes next, against everything that there is, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.calendars import Edges, Length, Once, Recurring, Rule, Several, Span
from tests.examples import examples

ZONES = ["UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]
RULES = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=WEEKLY;BYDAY=MO,FR",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU",
    "FREQ=MONTHLY;BYDAY=-1SU",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=DAILY;COUNT=40",
    "FREQ=WEEKLY;BYDAY=SU;UNTIL=20261101T000000",
]
HOURS = st.integers(0, 23)


@st.composite
def recurring(draw: st.DrawFn) -> tuple[Recurring, list[Span]]:
    """Return a recurrence and all its spans from 2026 to the middle of 2027."""
    text = draw(st.sampled_from(RULES))
    start = datetime(2026, 1, draw(st.integers(1, 28)), draw(HOURS), draw(st.sampled_from([0, 30])))
    names = [*rrulestr(text, dtstart=start).between(start, datetime(2027, 7, 1), inc=True)]
    excluded = frozenset(draw(st.lists(st.sampled_from(names), max_size=4)))
    day = timedelta(days=1)
    dates = draw(st.lists(st.integers(0, 500), max_size=3).map(sorted))
    added = tuple(start + day * n + timedelta(hours=1) for n in dates)
    minutes = timedelta(minutes=draw(st.sampled_from([1, 45, 720, 1440, 5000])))
    length = draw(
        st.sampled_from([Length(wall=minutes), Length(exact=minutes), Length(minutes, minutes)])
    )
    found = Recurring(
        ZoneInfo(draw(st.sampled_from(ZONES))),
        length,
        rule=Rule.read(text, start),
        dates=added,
        excluded=excluded,
        edges=draw(st.sampled_from(Edges)),
    )
    return found, [found.span(one) for one in {*names, *added} - excluded]


@settings(max_examples=examples(500))
@given(found=recurring(), minutes=st.integers(-2000, 480 * 24 * 60))
def test_the_answers_are_those_of_looking_at_every_occurrence(
    found: tuple[Recurring, list[Span]], minutes: int
) -> None:
    times, spans = found
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    covering = [span for span in spans if span.start <= moment < span.end]
    later = [span for span in spans if span.start > moment]
    at, after = times.at(moment), times.after(moment)

    assert (at is None) is (not covering)
    if at is not None:
        assert at in covering
        assert at.end == max(span.end for span in covering)
    if later and min(later).start < datetime(2027, 6, 1, tzinfo=UTC):
        assert after == min(later)


def test_what_happens_once_is_over_afterwards() -> None:
    moment = datetime(2026, 12, 24, 12, tzinfo=UTC)
    once = Once(Span(moment, moment + timedelta(hours=1)))

    assert once.at(moment) == once.span
    assert once.at(moment + timedelta(hours=1)) is None
    assert once.after(moment - timedelta(seconds=1)) == once.span
    assert once.after(moment) is None


def test_of_several_the_one_that_ends_last_covers_and_the_first_to_start_is_next() -> None:
    noon = datetime(2026, 12, 24, 12, tzinfo=UTC)
    long = Span(noon, noon + timedelta(hours=5))
    short = Span(noon + timedelta(hours=1), noon + timedelta(hours=2))
    both = Several([Once(short), Once(long)])

    assert both.at(noon + timedelta(minutes=90)) == long
    assert both.after(noon - timedelta(hours=1)) == long
    assert both.after(noon) == short
    assert Several([]).at(noon) is None


@pytest.mark.parametrize("length", [timedelta(), timedelta(minutes=-1), timedelta(days=367)])
def test_an_occurrence_ends_after_it_starts_and_within_a_year(length: timedelta) -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        Recurring(ZoneInfo("UTC"), Length(wall=length), dates=(datetime(2026, 1, 1),))


def test_an_unbounded_rule_from_long_ago_still_answers() -> None:
    zone = ZoneInfo("Europe/London")
    rule = Rule.read("FREQ=DAILY", datetime(1, 1, 1, 6, 45))
    old = Recurring(zone, Length(wall=timedelta(minutes=45)), rule=rule, edges=Edges.WIDE)
    moment = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)

    assert old.at(moment) == Span(moment.replace(hour=5, minute=45), moment.replace(minute=30))
    assert old.after(moment) == Span(
        datetime(2026, 7, 2, 5, 45, tzinfo=UTC), datetime(2026, 7, 2, 6, 30, tzinfo=UTC)
    )
