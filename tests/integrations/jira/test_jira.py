"""What is particular to Jira: its late search, its workflows by name, its two kinds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from bot import ticket_systems
from bot.api import (
    ChangeResult,
    ChangeState,
    ConfigurationError,
    Credentials,
    Rejected,
    TicketApproval,
    TicketMapping,
    TicketState,
)
from bot.settings import load
from integrations.jira import connect
from tests.contracts.test_tickets import CHANGE, CLOSED, CORRELATION
from tests.contracts.ticket_house import housed
from tests.house import write_site
from tests.integrations.jira.ticket_vendor import (
    CENTER,
    CLOUD,
    MAPPING,
    SPECIFICATION,
    URL,
    Site,
    playing,
)

if TYPE_CHECKING:
    from bot.storage.database import Database

TEXT = (Path(__file__).parents[3] / "docs/integrations/jira.md").read_text("utf-8")


def test_the_vendors_specification_is_what_requests_are_held_against() -> None:
    if SPECIFICATION is None:
        pytest.skip("the vendor's specification is not here")
    strange = httpx.Request("PUT", f"{URL}rest/api/3/issue/CHG-1", json={"fields": []})
    assert SPECIFICATION.problems(strange)


async def test_a_lost_answer_and_a_late_search_still_end_as_one_issue(database: Database) -> None:
    async with housed("jira", database) as (house, desk):
        assert isinstance(desk, Site)
        change = await house.open()
        desk.line.loses, desk.late = 1, True
        await house.settle(20)
        assert desk.line.asked_to_open == 1
        row = await house.tickets.of(change.number)
        assert row is not None
        assert "it is looked for until" in row.said
        desk.late = False
        await house.settle(2)
        assert len(desk.numbers()) == desk.line.asked_to_open == 1


async def test_an_issue_that_cannot_be_read_after_its_opening_counts_as_opened() -> None:
    async with playing() as (system, site):
        answer = site.line.answer

        def blind(request: httpx.Request) -> httpx.Response:
            is_reading = request.method == "GET" and "/issue/" in request.url.path
            return httpx.Response(403, json={}) if is_reading else answer(request)

        site.line.answer = blind
        ticket = await system.create(CHANGE, CORRELATION)
        assert (ticket.number, ticket.state) == ("CHG-1", TicketState.UNKNOWN)


async def test_cloud_takes_documents_and_data_center_takes_text() -> None:
    async with playing() as (system, site):
        key = (await system.create(CHANGE, CORRELATION)).number
        document = site.issue(key)["fields"]["description"]
        assert (document["type"], document["version"]) == ("doc", 1)
        assert "results may be two minutes late" in json.dumps(document)
        assert {one.url.path.split("/")[3] for one in site.line.requests} <= {"3", "request"}
    async with playing(given=CENTER) as (system, site):
        key = (await system.create(CHANGE, CORRELATION)).number
        found = await system.find(CORRELATION)
        assert found is not None
        assert found.number == key
        assert site.line.requests[0].headers["authorization"] == "Bearer t0k3n"
        closed = await system.close(key, CLOSED)
        assert closed.state is TicketState.CLOSED


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (ChangeResult.SUCCESSFUL, "Completed"),
        (ChangeResult.ROLLED_BACK, "Failed"),
        (ChangeResult.FAILED, "Failed"),
    ],
)
async def test_a_change_ends_in_the_status_that_says_how(result: ChangeResult, status: str) -> None:
    async with playing() as (system, site):
        key = (await system.create(CHANGE, CORRELATION)).number
        await system.close(key, replace(CLOSED, result=result))
        assert site.issue(key)["fields"]["status"]["name"] == status


async def test_statuses_of_a_sites_own_are_known_by_the_settings() -> None:
    way = ("Neu", "Beirat", "Geplant", "Läuft", "Completed")
    states = {
        "new": "Neu",
        "awaiting_approval": "Beirat",
        "scheduled": "Geplant",
        "implement": "läuft",
    }
    async with playing(way=way, mapping=replace(MAPPING, states=states)) as (system, site):
        key = (await system.create(CHANGE, CORRELATION)).number
        moved = await system.update(key, replace(CHANGE, state=ChangeState.IMPLEMENT))
        assert moved.state is TicketState.IMPLEMENT
        assert site.issue(key)["fields"]["status"]["name"] == "Läuft"


async def test_a_status_that_nobody_knows_has_ended_only_where_jira_says_done() -> None:
    async with playing() as (system, site):
        key = (await system.create(CHANGE, CORRELATION)).number
        status = site.issue(key)["fields"]["status"]
        status["name"] = "Parked"
        assert (await system.read(key)).state is TicketState.UNKNOWN
        status["statusCategory"] = {"key": "done"}
        assert (await system.read(key)).state is TicketState.CLOSED


async def test_an_issue_waits_for_its_approvers() -> None:
    async with playing() as (system, site):
        site.cab = True
        key = (await system.create(CHANGE, CORRELATION)).number
        waiting = await system.update(key, replace(CHANGE, state=ChangeState.IMPLEMENT))
        assert waiting.state is TicketState.AWAITING_APPROVAL
        assert waiting.approval is TicketApproval.REQUESTED
        with pytest.raises(Rejected, match=f"keeps {key} in awaiting approval"):
            await system.close(key, CLOSED)


async def test_a_project_without_a_service_desk_has_no_approvals() -> None:
    async with playing() as (system, site):
        site.is_desk = False
        ticket = await system.create(CHANGE, CORRELATION)
        assert ticket.approval is TicketApproval.NONE


async def test_without_an_agents_licence_approvals_are_unknown_and_the_rest_goes_on() -> None:
    async with playing() as (system, site):
        answer = site.line.answer

        def unlicensed(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/approval"):
                return httpx.Response(403, json={"errorMessage": "no licence"})
            return answer(request)

        site.line.answer = unlicensed
        key = (await system.create(CHANGE, CORRELATION)).number
        moved = await system.update(key, replace(CHANGE, state=ChangeState.AWAITING_APPROVAL))
        assert moved.state is TicketState.AWAITING_APPROVAL
        assert moved.approval is TicketApproval.UNKNOWN


async def test_a_transition_that_wants_fields_of_its_own_is_refused_with_jiras_words() -> None:
    async with playing() as (system, site):
        key, answer = (await system.create(CHANGE, CORRELATION)).number, site.line.answer

        def strict(request: httpx.Request) -> httpx.Response:
            if request.method == "POST" and request.url.path.endswith("/transitions"):
                said = {"errorMessages": [], "errors": {"resolution": "Resolution is required."}}
                return httpx.Response(400, json=said)
            return answer(request)

        site.line.answer = strict
        with pytest.raises(Rejected, match=f"a move of {key}"):
            await system.update(key, replace(CHANGE, state=ChangeState.IMPLEMENT))
        assert site.state(key) is TicketState.NEW


async def test_a_site_without_calendars_is_asked_for_none() -> None:
    async with playing() as (system, site):
        key = (await system.create(CHANGE, CORRELATION)).number
        asked = len(site.line.requests)
        assert await system.conflicts(key) is None
        assert len(site.line.requests) == asked


async def test_a_search_that_finds_something_else_is_not_taken_at_its_word() -> None:
    async with playing() as (system, site):
        key = (await system.create(CHANGE, CORRELATION)).number
        site.issue(key)["fields"]["labels"] = [f"{CORRELATION}-of-another"]
        answer = site.line.answer

        def careless(request: httpx.Request) -> httpx.Response:
            if "search" in request.url.path:
                return httpx.Response(200, json={"issues": site.issues})
            return answer(request)

        site.line.answer = careless
        assert await system.find(CORRELATION) is None


@pytest.mark.parametrize(
    ("given", "mapping", "said"),
    [
        (Credentials(url=URL), MAPPING, "needs user and token_file"),
        (replace(CLOUD, region="x"), MAPPING, "has no use for region"),
        (CLOUD, TicketMapping(issue_type="Change"), r"tickets\.project"),
        (CLOUD, TicketMapping(project="CHG"), r"tickets\.issue_type"),
        (CLOUD, replace(MAPPING, fields={"priority": "{"}), r"tickets\.fields\.priority"),
    ],
)
async def test_what_does_not_fit_is_refused_at_the_start(
    given: Credentials, mapping: TicketMapping, said: str
) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(ConfigurationError, match=said):
            connect(given, client, mapping)


async def test_the_settings_of_the_page_are_a_configuration_that_works(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    given = yaml.safe_load(block)
    file = write_site(tmp_path, f"sqlite:///{tmp_path}/w.db", **given)
    secret = tmp_path / "secrets/jira-token"
    secret.parent.mkdir()
    secret.write_text("t0k3n\n")
    secret.chmod(0o600)
    settings = load(file, {})
    async with httpx.AsyncClient() as client:
        system = ticket_systems.connected(settings.integrations, settings.tickets, client)
        assert system is not None
        assert system.name == "Jira"
        given["integrations"]["servicenow"] = {"url": URL, "user": "w", "password": "p4ssword"}
        both = write_site(tmp_path, f"sqlite:///{tmp_path}/w.db", **given)
        known = load(both, {})
        with pytest.raises(ConfigurationError, match="jira and servicenow are both"):
            ticket_systems.connected(known.integrations, known.tickets, client)
