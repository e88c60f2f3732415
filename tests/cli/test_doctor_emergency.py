"""`wardroom doctor --only emergency`: whether tonight's emergency would find what it needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from bot.model import NewTask, TaskKind
from bot.ports.control import Halt
from bot.storage.database import Database
from bot.storage.halts import SqlHalts
from bot.storage.tasks import SqlTasks
from tests.cli.clinic import Report, doctor, nowhere
from tests.cli.conftest import configure
from tests.databases import FixedClock

LONG_AGO = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


async def looked() -> Report:
    return await doctor("--only", "emergency")


def people(home: Path, **roles: list[str]) -> None:
    """Write a people file of these people."""
    known = [{"id": name, "name": name.title(), "roles": held} for name, held in roles.items()]
    (home / "people.yaml").write_text(yaml.safe_dump(known), "utf-8")


async def test_it_takes_two_people_to_stop_everything(home: Path) -> None:
    people(home, commander=["incident_commander"], engineer=["engineer"])
    alone = (await looked()).of("stop-all")
    assert alone["state"] == "warn"
    assert "only commander can confirm it" in alone["text"]
    people(home, commander=["incident_commander"], officer=["security_officer"])
    assert (await looked()).of("stop-all")["state"] == "ok"


async def test_who_may_break_glass_is_named(home: Path) -> None:
    people(home, engineer=["engineer"])
    assert "nobody holds the role break_glass" in (await looked()).of("break-glass")["text"]
    people(home, commander=["incident_commander", "break_glass"])
    assert (await looked()).of("break-glass")["text"].startswith("commander may")
    configure(home, channels={"security": "slack:C0123456789"})
    assert "slack:C0123456789" in (await looked()).of("break-glass")["text"]


async def test_a_stop_all_in_force_and_late_reviews_are_said(home: Path) -> None:
    nowhere(home)
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    database.upgrade()
    assert (await looked()).of("reviews")["text"] == "0 are open, none is late"
    halt = Halt(LONG_AGO, ("commander", "officer"), "somebody is in our network")
    database.write_now(SqlHalts(database).begin(halt))
    due = LONG_AGO + timedelta(days=2)
    task = NewTask(TaskKind.BREAK_GLASS_REVIEW, "BG-1", "commander", due)
    database.write_now(SqlTasks(database, FixedClock(LONG_AGO)).open(task))
    database.close()
    found = await looked()
    assert any("EVERYTHING IS STOPPED" in one["text"] for one in found.every("stop-all"))
    late = found.of("reviews")
    assert (late["state"], late["text"]) == ("warn", "TASK-1 of 1 open reviews are late")
    assert "task close TASK-1" in late["mend"]


async def test_roles_of_the_sites_own_are_known(home: Path) -> None:
    people(home, anna=["pharmacist"])
    assert (await doctor("--only", "people")).of("people")["state"] == "fail"
    (home / "policies" / "roles.yaml").write_text("roles: {pharmacist: [approver]}\n", "utf-8")
    assert (await doctor("--only", "people")).of("people")["state"] == "ok"
