"""What is particular to ServiceNow: its choices, its boards, its templates, its answers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import respx
import yaml

from bot import ticket_systems
from bot.api import (
    ChangeState,
    ChangeType,
    ConfigurationError,
    Credentials,
    Rejected,
    TicketApproval,
    TicketMapping,
    TicketState,
    Unreachable,
)
from bot.settings import load
from integrations.servicenow import connect
from tests.contracts.test_tickets import CHANGE, CLOSED, CORRELATION
from tests.house import write_site
from tests.integrations.servicenow.ticket_vendor import (
    CREDENTIALS,
    LABELS,
    TEMPLATE,
    URL,
    playing,
)

if TYPE_CHECKING:
    from integrations.servicenow.provider import ServiceNow

ITEM = "27d32778c0a8000b00db970eeaa60f16"
TEXT = (Path(__file__).parents[3] / "docs/integrations/servicenow.md").read_text("utf-8")


async def made(system: ServiceNow) -> str:
    """Open a ticket; returns its number."""
    return (await system.create(CHANGE, CORRELATION)).number


async def test_a_ticket_waits_for_its_board_and_goes_on_once_that_approves() -> None:
    async with playing(cab=True) as (system, instance):
        number = await made(system)
        wanted = replace(CHANGE, state=ChangeState.IMPLEMENT)
        waiting = await system.update(number, wanted)
        assert waiting.state is TicketState.AWAITING_APPROVAL
        assert waiting.approval is TicketApproval.REQUESTED
        instance.approve(number)
        assert (await system.update(number, wanted)).state is TicketState.IMPLEMENT


async def test_a_ticket_that_cannot_be_closed_says_what_keeps_it() -> None:
    async with playing(cab=True) as (system, instance):
        number = await made(system)
        with pytest.raises(Rejected, match=f"keeps {number} in awaiting approval"):
            await system.close(number, CLOSED)
        assert instance.state(number) is TicketState.AWAITING_APPROVAL


async def test_states_are_known_by_the_instances_own_numbers_and_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(LABELS, "-1", "In Arbeit")
    async with playing() as (system, _):
        with pytest.raises(Rejected, match=r"no state for implement .* tickets\.states"):
            await made(system)
    mapping = TicketMapping(states={"implement": "In Arbeit"})
    async with playing(mapping=mapping) as (system, instance):
        number = await made(system)
        await system.update(number, replace(CHANGE, state=ChangeState.IMPLEMENT))
        assert instance.record(number)["state"] == "-1"


async def test_a_standard_change_is_opened_from_its_template_without_free_text_in_the_url() -> None:
    standard = replace(
        CHANGE, type=ChangeType.STANDARD, state=ChangeState.SCHEDULED, template="restart"
    )
    mapping = TicketMapping(templates={"restart": TEMPLATE})
    async with playing(mapping=mapping) as (system, instance):
        number = (await system.create(standard, CORRELATION)).number
        (opening,) = [one for one in instance.line.requests if one.method == "POST"]
        assert opening.url.path.endswith(f"/standard/{TEMPLATE}")
        assert "lab-results" not in str(opening.url)
        assert (await system.update(number, standard)).state is TicketState.SCHEDULED
        assert instance.record(number)["short_description"] == standard.summary


async def test_an_emergency_is_opened_as_one() -> None:
    async with playing() as (system, instance):
        urgent = replace(CHANGE, type=ChangeType.EMERGENCY, state=ChangeState.IMPLEMENT)
        number = (await system.create(urgent, CORRELATION)).number
        assert instance.record(number)["type"] == "emergency"
        assert (await system.update(number, urgent)).state is TicketState.IMPLEMENT


async def test_the_conflicts_that_the_instance_finds_are_read_back() -> None:
    mapping = TicketMapping(items={"lab-results": ITEM}, assignment_group=ITEM)
    async with playing(mapping=mapping) as (system, instance):
        instance.conflicts = [{"type": "blackout"}, {"type": "not_in_maintenance_window"}]
        number = await made(system)
        await system.update(number, CHANGE)
        ticket = await system.read(number)
        assert ticket.conflicts == ("blackout", "not_in_maintenance_window")
        assert instance.record(number)["cmdb_ci"] == ITEM


async def test_conflicts_are_those_of_a_check_that_was_made_now() -> None:
    mapping = TicketMapping(items={"lab-results": ITEM})
    async with playing(mapping=mapping) as (system, instance):
        number = await made(system)
        assert (await system.read(number)).conflicts == ("not_checked",)
        assert await system.conflicts(number) == ()
        instance.conflicts = [{"type": "parent_blackout"}]
        assert await system.conflicts(number) == ("parent_blackout",)
        assert instance.checks == 2
        instance.conflicts = []
        assert await system.conflicts(number) == ()
        assert (await system.read(number)).conflicts == ()


async def test_without_a_configuration_item_nothing_is_compared() -> None:
    async with playing() as (system, instance):
        number = await made(system)
        assert await system.conflicts(number) is None
        assert instance.checks == 0


async def test_a_check_that_does_not_end_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.servicenow.provider.CHECK_AGAIN", 0.001)
    monkeypatch.setattr("integrations.servicenow.provider.CHECKED_IN", 0.003)
    mapping = TicketMapping(items={"lab-results": ITEM})
    async with playing(mapping=mapping) as (system, instance):
        number = await made(system)
        await system.conflicts(number)
        instance.is_stuck = True
        with pytest.raises(Unreachable, match=f"calendars for {number} did not end"):
            await system.conflicts(number)


async def test_an_instance_that_ignores_our_query_is_not_taken_at_its_word() -> None:
    async with playing() as (system, instance):
        number = await made(system)
        instance.record(number)["correlation_id"] = "of-somebody-else"
        answer = instance.line.answer

        def careless(request: httpx.Request) -> httpx.Response:
            query = request.url.params.get("sysparm_query", "")
            if query.startswith("correlation_id"):
                given = request.url.copy_set_param("sysparm_query", "ORDERBYnumber")
                request = httpx.Request("GET", given, headers=request.headers)
            return answer(request)

        instance.line.answer = careless
        assert await system.find(CORRELATION) is None


async def test_a_state_that_nobody_knows_is_unknown() -> None:
    async with playing() as (system, instance):
        number = await made(system)
        instance.record(number)["state"] = "17"
        assert (await system.read(number)).state is TicketState.UNKNOWN


async def test_states_written_as_numbers_are_the_same_states() -> None:
    async with playing() as (system, _):
        await made(system)
        known = system._choices
        assert known is not None
        assert known.state({"state": {"value": -5.0}}) is TicketState.NEW
        assert known.state({"state": {"value": 3}}) is TicketState.CLOSED


@respx.mock
async def test_an_oauth_client_signs_in_once_and_uses_its_token() -> None:
    token = respx.post(f"{URL}oauth_token.do").respond(
        json={"access_token": "t0k3n", "expires_in": 1799, "token_type": "Bearer"}
    )
    rows = respx.get(url__startswith=f"{URL}api/now/table/").respond(json={"result": []})
    given = Credentials(url=URL, client_id="c1", client_secret="s3cret")
    async with httpx.AsyncClient() as client:
        system = connect(given, client)
        for _ in range(2):
            with pytest.raises(Rejected, match="has no state"):
                await system.find(CORRELATION)
    assert token.call_count == 1
    assert rows.calls[0].request.headers["authorization"] == "Bearer t0k3n"
    assert b"client_credentials" in token.calls[0].request.content


@respx.mock
async def test_a_client_secret_that_is_refused_is_named() -> None:
    respx.post(f"{URL}oauth_token.do").respond(401, json={"error": "access_denied"})
    given = Credentials(url=URL, client_id="c1", client_secret="s3cret")
    async with httpx.AsyncClient() as client:
        with pytest.raises(Rejected, match=r"renew integrations\.servicenow\.client_secret_file"):
            await connect(given, client).find(CORRELATION)


async def test_a_record_without_its_number_is_not_understood() -> None:
    async with playing() as (system, instance):
        await made(system)
        instance.records[0]["number"] = ""
        with pytest.raises(Unreachable):
            await system.find(CORRELATION)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Credentials(url=URL), "needs user and password_file"),
        (replace(CREDENTIALS, password="", token="t"), "has no use for token"),
    ],
)
async def test_credentials_that_do_not_fit_are_refused_at_the_start(
    given: Credentials, said: str
) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(ConfigurationError, match=said):
            connect(given, client)


async def test_the_settings_of_the_page_are_a_configuration_that_works(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    file = write_site(tmp_path, f"sqlite:///{tmp_path}/w.db", **yaml.safe_load(block))
    secret = tmp_path / "secrets/servicenow-password"
    secret.parent.mkdir()
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    settings = load(file, {})
    async with httpx.AsyncClient() as client:
        system = ticket_systems.connected(settings.integrations, settings.tickets, client)
    assert system is not None
    assert system.name == "ServiceNow"
    assert settings.tickets.mapping().items == {"lab-results": ITEM}
