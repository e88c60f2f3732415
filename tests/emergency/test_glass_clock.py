"""However clocks go, a break-glass is never longer than it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from bot.emergency.glass import SKEW, LiveGlass
from bot.errors import StoreFailed
from bot.ports.control import Grant
from bot.stores import Grants
from tests.databases import NOON, FixedClock

UNTIL = NOON + timedelta(minutes=30)
GRANT = Grant("BG-1", "commander", "INC-3", "no results", NOON, UNTIL, "pacs", seen=NOON)


@dataclass
class Rows:
    """What the store has, and how often it was told that a grant is still in force."""

    grants: list[Grant] = field(default_factory=lambda: [GRANT])
    is_down: bool = False

    async def list(self, *, open_only: bool = False, limit: int = 20) -> Sequence[Grant]:
        assert open_only
        if self.is_down:
            raise StoreFailed("the database failed")
        return self.grants[:limit]

    async def saw(self, grant_id: str, at: datetime) -> None:
        self.grants = [replace(one, seen=at) for one in self.grants if one.id == grant_id]


@dataclass
class Ticks:
    """A clock that nobody can set."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def rows() -> Rows:
    return Rows()


def live(rows: Rows, clock: FixedClock, ticks: Ticks | None = None) -> LiveGlass:
    store: Grants = rows  # type: ignore[assignment]  # only what is read and noted is asked of it
    return LiveGlass(store, clock, ticks or Ticks())


async def test_it_is_in_force_from_its_beginning_to_its_end(rows: Rows) -> None:
    glass = live(rows, FixedClock())
    await glass.refresh()
    assert glass.now("commander", NOON) == GRANT
    assert glass.now("engineer", NOON) is None
    assert glass.now("commander", UNTIL - timedelta(seconds=1)) == GRANT
    assert glass.now("commander", UNTIL) is None


async def test_once_over_it_does_not_come_back_with_the_clock(rows: Rows) -> None:
    glass = live(rows, FixedClock())
    await glass.refresh()
    assert glass.now("commander", UNTIL) is None
    assert glass.now("commander", NOON + timedelta(minutes=5)) is None


async def test_a_clock_that_stands_still_does_not_keep_it_alive(rows: Rows) -> None:
    ticks = Ticks()
    glass = live(rows, FixedClock(), ticks)
    await glass.refresh()
    for minutes in range(1, 30):
        ticks.seconds = minutes * 60
        assert glass.now("commander", NOON) == GRANT
    ticks.seconds = 30 * 60
    assert glass.now("commander", NOON) is None


async def test_a_clock_set_back_counts_from_where_it_was(rows: Rows) -> None:
    clock, ticks = FixedClock(), Ticks()
    glass = live(rows, clock, ticks)
    await glass.refresh()
    ticks.seconds = 20 * 60
    assert glass.now("commander", clock.turn(minutes=20)) == GRANT
    clock.turn(minutes=-15)
    await glass.refresh()
    assert glass.left() == {"BG-1": timedelta(minutes=10)}
    ticks.seconds = 30 * 60
    assert glass.now("commander", clock.now()) is None


async def test_a_restart_with_the_clock_set_back_ends_it(rows: Rows) -> None:
    clock, ticks = FixedClock(), Ticks()
    before = live(rows, clock, ticks)
    await before.refresh()
    ticks.seconds = 20 * 60
    clock.turn(minutes=20)
    await before.refresh()
    clock.turn(minutes=-10)
    after = live(rows, clock, ticks)
    await after.refresh()
    assert after.now("commander", clock.now()) is None
    assert list(after.over(rows.grants)) == rows.grants
    clock.turn(minutes=15)
    await after.refresh()
    assert after.now("commander", clock.now()) is None


async def test_a_restart_goes_on_with_what_is_left(rows: Rows) -> None:
    clock = FixedClock()
    clock.turn(minutes=29)
    glass = live(rows, clock)
    await glass.refresh()
    assert glass.left() == {"BG-1": timedelta(minutes=1)}


async def test_replicas_whose_clocks_differ_a_little_agree(rows: Rows) -> None:
    clock = FixedClock(NOON - SKEW)
    glass = live(rows, clock)
    await glass.refresh()
    assert glass.now("commander", clock.now()) is not None


async def test_an_end_on_another_replica_is_seen(rows: Rows) -> None:
    glass = live(rows, FixedClock())
    await glass.refresh()
    rows.grants = []
    await glass.refresh()
    assert glass.now("commander", NOON) is None


async def test_while_the_database_is_down_it_only_runs_out(rows: Rows) -> None:
    glass = live(rows, FixedClock())
    await glass.refresh()
    rows.is_down = True
    await glass.refresh()
    assert glass.now("commander", NOON) == GRANT
    assert glass.now("commander", UNTIL) is None
