"""What is usual in an hour of the week, and how a trend is drawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model import Standing
from bot.model.samples import Sample
from bot.probing.baseline import Usual, hours, usual
from bot.probing.spans import lasting
from bot.probing.trend import drawn

NOW = datetime(2026, 11, 4, 9, 20, tzinfo=UTC)  # 10:20 in Berlin, after the clocks were changed
BERLIN = ZoneInfo("Europe/Berlin")


def taken(at: datetime, took: int, standing: Standing = Standing.PASSED) -> Sample:
    return Sample("lab-in", at, standing, took, figures={"idle_seconds": str(took * 10)})


def weeks(count: int, each: int) -> list[Sample]:
    begins = [begin for begin, _ in hours(NOW, BERLIN)][:count]
    return [
        taken(begin + timedelta(minutes=minute), 40 + minute)
        for begin in begins
        for minute in range(each)
    ]


def test_an_hour_of_the_week_is_that_of_the_clock_on_the_wall() -> None:
    begins = [begin for begin, _ in hours(NOW, BERLIN)]
    assert begins[0] == datetime(2026, 10, 28, 9, tzinfo=UTC)
    assert begins[1] == datetime(2026, 10, 21, 8, tzinfo=UTC)  # summer time


def test_usual_is_the_median_and_what_95_of_100_were_at_most() -> None:
    found = usual(weeks(4, 5))
    assert found == Usual(median=42, p95=44, of=20)
    assert usual(weeks(4, 5), "idle_seconds") == Usual(median=420, p95=440, of=20)
    assert usual(weeks(4, 5), "queued") is None


def test_too_few_weeks_or_findings_say_nothing_and_failures_do_not_count() -> None:
    assert usual(weeks(2, 30)) is None
    assert usual(weeks(3, 2)) is None
    failed = [taken(one.at, one.milliseconds, Standing.FAILED) for one in weeks(4, 5)]
    assert usual(failed) is None


def test_strange_is_twice_the_usual_and_above_nearly_all() -> None:
    found = Usual(median=40, p95=100, of=20)
    assert [found.is_strange(value) for value in (41, 90, 100, 101)] == [False, False, False, True]
    assert not Usual(median=40, p95=45, of=20).is_strange(60)


def test_a_trend_marks_what_failed_and_when_nobody_asked() -> None:
    begin = NOW - timedelta(hours=4)
    samples = [
        taken(begin, 10),
        taken(begin + timedelta(minutes=70), 80),
        taken(begin + timedelta(minutes=80), 80, Standing.FAILED),
        taken(NOW, 80),
    ]
    assert drawn(samples, begin, NOW, width=4) == "▂x·█"
    unknown = [taken(begin, 0, Standing.UNKNOWN)]
    assert drawn(unknown, begin, NOW, width=4) == "?···"


def test_a_time_is_said_in_the_unit_that_fits() -> None:
    said = [lasting(seconds) for seconds in (0, 119, 840, 7_200, 200_000)]
    assert said == ["0 s", "119 s", "14 min", "2 h", "2 d"]
