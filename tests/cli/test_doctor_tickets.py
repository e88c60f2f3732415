"""`wardroom doctor --only tickets`: the ticket system lets us read, or which role is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from tests.cli.clinic import answering, doctor, nowhere, people, services
from tests.cli.conftest import configure

if TYPE_CHECKING:
    from pathlib import Path

LABELS = ("New", "Assess", "Scheduled", "Implement", "Review", "Closed", "Canceled")
ACCOUNT = {"user": "wardroom", "password": "correct-horse"}


@pytest.fixture(autouse=True)
def _alone(home: Path) -> None:
    nowhere(home)
    people(home)
    services(home)


async def _instance(request: web.Request) -> web.Response:
    if not request.path.endswith("sys_choice"):
        return web.json_response({"result": []})
    rows = [
        {"element": {"value": "state"}, "label": {"value": label}, "value": {"value": str(number)}}
        for number, label in enumerate(LABELS)
    ]
    return web.json_response({"result": rows})


async def _closed(_: web.Request) -> web.Response:
    return web.json_response({"error": {"message": "Insufficient rights"}}, status=403)


async def test_a_ticket_system_that_lets_us_read_is_well(home: Path) -> None:
    async with answering(_instance) as url:
        configure(home, integrations={"servicenow": {"url": url, **ACCOUNT}})
        report = await doctor("--only", "tickets", "--only", "ci")
    found = report.of("tickets servicenow")
    assert found["state"] == "ok"
    assert "7 states of changes" in found["text"]
    assert report.every("ci servicenow") == []


async def test_the_missing_role_is_named(home: Path) -> None:
    async with answering(_closed) as url:
        configure(home, integrations={"servicenow": {"url": url, **ACCOUNT}})
        found = (await doctor("--only", "tickets")).of("tickets servicenow")
    assert found["state"] == "fail"
    assert "sn_change_read" in found["text"]
    assert "docs/integrations/servicenow.md" in found["mend"]
    assert "correct-horse" not in str(found)


async def test_a_tickets_block_without_a_system_is_named(home: Path) -> None:
    configure(home, tickets={"project": "CHG"})
    found = (await doctor("--only", "tickets")).of("tickets")
    assert found["state"] == "fail"
    assert "no ticket system is named" in found["mend"]


async def test_without_a_ticket_system_nothing_is_said(home: Path) -> None:
    assert (await doctor("--only", "tickets")).every("tickets") == []
