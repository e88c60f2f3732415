"""`wardroom doctor --only log`: a clock that went back, and records that wait outside the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log, draft
from tests.cli.clinic import doctor, nowhere
from tests.cli.conftest import configure


@pytest.fixture(autouse=True)
def site(home: Path) -> Path:
    """A site on a port that nobody listens at."""
    nowhere(home)
    return home


async def recorded(home: Path, *, back: timedelta) -> None:
    """Record two events, between which the clock is turned back."""
    database = Database.open(f"sqlite:///{home / 'wardroom.db'}")
    database.upgrade()
    clock = TurnedClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    async with a_log(database, clock) as log:
        await log.append(draft())
        clock.at -= back
        await log.append(draft())
    database.close()


async def test_a_clock_that_went_back_an_hour_is_shown_with_its_event(home: Path) -> None:
    await recorded(home, back=timedelta(hours=1))

    found = (await doctor("--only", "log")).of("log clock")

    assert found["state"] == "warn"
    assert "back by 3,600 s at event 2 (2026-11-22 09:30:00 UTC)" in found["text"]
    assert "timedatectl" in found["mend"]


async def test_a_clock_that_ran_on_is_well(home: Path) -> None:
    await recorded(home, back=timedelta())

    assert (await doctor("--only", "log")).of("log clock")["state"] == "ok"


async def test_a_site_without_a_log_is_well(home: Path) -> None:
    report = await doctor("--only", "log")

    assert report.of("log clock")["text"] == "there is no log yet"
    assert report.of("log spool")["state"] == "ok"
    assert not (home / "wardroom.db").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.spool", "1 files in"),
        ("a.spool.damaged", "kept aside"),
    ],
)
async def test_what_waits_or_is_damaged_in_the_spool_is_shown(
    home: Path, name: str, said: str
) -> None:
    (home / "spool").mkdir()
    (home / "spool" / name).touch()

    found = (await doctor("--only", "log")).of("log spool")

    assert found["state"] == "warn"
    assert said in found["text"]


async def test_a_spool_that_is_switched_off_is_said(home: Path) -> None:
    configure(home, audit={"spool": False})

    assert (await doctor("--only", "log")).of("log spool")["state"] == "skip"
