"""`wardroom audit report`: figures as text or as a file to print, and asking is recorded."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from bot.audit.keys import KeyFile
from bot.audit.log import AuditLog
from bot.cli.machine import MachineClock
from bot.model import Draft, Kind, Reason
from bot.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]

MONTH = f"{MachineClock().now():%Y-%m}"


@pytest.fixture
def filled(home: Path) -> Path:
    """Return a data folder whose log has refused deploys of two services."""
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    database.upgrade()

    async def fill() -> None:
        keys = KeyFile(home / "audit.key", "wardroom-sandbox/audit")
        async with AuditLog(
            database, clock=MachineClock(), software="0", replica="here", keys=keys
        ) as log:
            for service in ("portal", "portal", "lab-results"):
                await log.append(
                    Draft(
                        kind=Kind.REFUSED,
                        verb="deploy",
                        correlation="c",
                        person="engineer",
                        service=service,
                        reason=Reason.FROZEN,
                        policy_version="1",
                        text="<script>alert(1)</script>",
                    )
                )

    asyncio.run(fill())
    database.close()
    return home


def asked(home: Path) -> list[dict[str, str]]:
    """Return what the log says was asked of it."""
    database = sqlite3.connect(home / "wardroom.db")
    bodies = [json.loads(body) for (body,) in database.execute("SELECT body FROM audit")]
    database.close()
    return [body["params"] for body in bodies if body["verb"] == "audit report"]


def test_a_report_is_text_and_asking_is_recorded(wardroom: Typing, filled: Path) -> None:
    result = wardroom("audit", "report", "--month", MONTH)
    assert result.exit_code == 0, result.output
    assert f"Audit report {MONTH}: all services" in result.stdout
    assert "frozen 3" in result.stdout
    assert "portal: 0 deploys, 0 not well, 0 requests, 2 not done" in result.stdout
    assert asked(filled) == [{"month": MONTH, "service": ""}]


def test_one_service_alone_is_reported(wardroom: Typing, filled: Path) -> None:
    result = wardroom("audit", "report", "--month", MONTH, "--service", "portal")
    assert "frozen 2" in result.stdout
    assert asked(filled) == [{"month": MONTH, "service": "portal"}]


def test_a_service_that_no_event_names_is_said(wardroom: Typing, filled: Path) -> None:
    result = wardroom("audit", "report", "--month", MONTH, "--service", "portla")
    assert result.exit_code == 0
    assert "is about portla; there is: lab-results, portal." in result.stderr
    assert filled.is_dir()


def test_patient_data_typed_as_a_service_is_not_in_the_log(wardroom: Typing, filled: Path) -> None:
    wardroom("audit", "report", "--month", MONTH, "--service", "MRN 00123456")
    assert "00123456" not in str(asked(filled))


def test_a_file_to_print_has_a_sheet_for_each_service(wardroom: Typing, filled: Path) -> None:
    file = filled / "report.html"
    result = wardroom("audit", "report", "--month", MONTH, "--html", str(file))
    assert result.exit_code == 0, result.output
    page = file.read_text("utf-8")
    assert page.count("<article") == 3
    for whose in ("all services", "lab-results", "portal"):
        assert f"<h3>Audit report {MONTH}: {whose}</h3>" in page
    assert "<script" not in page
    assert "break-before: page" in page
    again = wardroom("audit", "report", "--month", MONTH, "--html", str(file))
    assert again.exit_code == 1
    assert "cannot write" in again.stderr


@pytest.mark.parametrize("month", ["13", "2026-13", "MRN 00123456"])
def test_what_is_no_month_is_said_and_not_recorded(
    wardroom: Typing, filled: Path, month: str
) -> None:
    result = wardroom("audit", "report", "--month", month)
    assert result.exit_code == 1
    assert "is no month" in result.stderr
    assert asked(filled) == []


def test_damage_is_a_failure(wardroom: Typing, filled: Path) -> None:
    database = sqlite3.connect(filled / "wardroom.db")
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        database.execute(f"DROP TRIGGER {name}")
    database.execute("UPDATE audit SET body = replace(body, 'frozen', 'locked') WHERE seq = 2")
    database.commit()
    database.close()
    result = wardroom("audit", "report", "--month", MONTH)
    assert result.exit_code == 1
    assert "event 2 is damaged" in result.stdout
