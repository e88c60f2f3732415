"""How long the log is kept: six years and thirty days, and less only with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.errors import ConfigurationError
from bot.model import Kind
from bot.retention_settings import SIX_YEARS, Period, Retention
from tests.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_six_years_and_thirty_days_unless_it_is_said_otherwise(site: Site) -> None:
    site.set("audit", {})
    rules = site.load().audit.retention
    assert (rules.of("outcome"), rules.of("refused")) == (SIX_YEARS, SIX_YEARS)
    assert rules.archive == site.folder / "var" / "archives"
    assert str(rules) == "6 years 30 days"


def test_a_kind_has_its_own_period_and_what_verifying_needs_has_none(site: Site) -> None:
    kinds = {"refused": "10 years", "system": "never"}
    site.set("audit", {"retention": {"kinds": kinds, "archive": "old"}})
    rules = site.load().audit.retention
    assert (rules.of("refused"), rules.of("system")) == (Period(10, 0), None)
    assert (rules.of("key"), rules.of("prune"), rules.of("intent")) == (None, None, SIX_YEARS)
    assert rules.archive == site.folder / "old"
    assert str(rules) == "6 years 30 days, refused 10 years, system never"


@pytest.mark.parametrize(
    ("retention", "said"),
    [
        ({"prune_after": "5 years"}, "5 years is shorter than 6 years 30 days; keep at least that"),
        ({"prune_after": "2220 days"}, "2220 days is shorter"),
        ({"kinds": {"system": "1 year 400 days"}}, "shorter_because"),
        ({"prune_after": "2 years", "shorter_because": "  "}, "shorter_because"),
        ({"prune_after": "six years"}, "must be like `6 years 30 days`, or `never`"),
        ({"prune_after": ""}, "must be like"),
        ({"prune_after": 7}, "must be like"),
        ({"kinds": {"key": "9 years"}}, "key is never pruned"),
        ({"kinds": {"gossip": "9 years"}}, "audit.retention.kinds.gossip"),
        ({"keep": "9 years"}, "audit.retention.keep"),
    ],
)
def test_nonsense_is_refused_with_its_mend(
    site: Site, retention: dict[str, object], said: str
) -> None:
    site.set("audit", {"retention": retention})
    with pytest.raises(ConfigurationError) as refused:
        site.load()
    assert said in str(refused.value)
    assert "audit.retention" in str(refused.value)


def test_less_is_kept_only_with_a_reason_that_every_pruning_records(site: Site) -> None:
    short = {"prune_after": "90 days", "shorter_because": "no ePHI here"}
    site.set("audit", {"retention": short})
    assert str(site.load().audit.retention) == "90 days; shorter because no ePHI here"


@pytest.mark.parametrize(
    ("period", "now", "before"),
    [
        ("6 years 30 days", "2032-12-22", "2026-11-22"),
        ("6 years", "2030-03-01", "2024-03-01"),
        ("6 years", "2030-02-28", "2024-02-28"),
        ("1 year", "2024-02-29", "2023-02-28"),
        ("4 years", "2028-02-29", "2024-02-28"),
        ("2 days", "2026-03-01", "2026-02-27"),
        ("100 years", "2026-03-01", "1970-01-01"),
    ],
)
def test_years_are_those_of_the_calendar(period: str, now: str, before: str) -> None:
    assert Period.parse(period).before(day(now)) == day(before)


def test_ways_to_write_a_period() -> None:
    for text in (
        "6 years 30 days",
        "6 years + 30 days",
        "6 years and 30 days",
        " 6  years  30 days",
    ):
        assert Period.parse(text) == SIX_YEARS
    assert Period.parse("1 year") == Period(1, 0)
    assert Retention().of(Kind.OUTCOME) == SIX_YEARS
