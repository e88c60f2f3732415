"""A whole Wardroom behind the Teams door: the real road, store, log and outbox, over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from bot.adapters.teams import Teams, routes
from tests.adapters.teams.checked import TurnedClock
from tests.adapters.teams.conftest import registration
from tests.fakes import teams as fake
from tests.fakes.teams import activities
from tests.house import PEOPLE, Chat, opened, write_site
from tests.serving import NO_TLS, served

ASK = "deploy lab-results 1.4.2 to production --reason 'fix the stuck queue'"
IDS = {name: f"00000000-0000-4000-8000-{n:012}" for n, name in enumerate(PEOPLE, 1)}
ENGINEER, SECOND, MANAGER = IDS["engineer"], IDS["engineer-2"], IDS["release-manager"]
STRANGER = "00000000-0000-4000-8000-000000009999"


@dataclass
class Tenant:
    """A Teams tenant whose app is a whole Wardroom."""

    teams: fake.Teams
    chat: Chat

    async def asked(self) -> fake.Shown:
        """Have the engineer ask for a deploy in a channel; returns its card, a while later."""
        await self.teams.say(ASK, user=ENGINEER, where="channel", thread="1790")
        card = await self.teams.message()
        self.chat.clock.turn(seconds=20)
        return card


def linked(site: Path) -> Path:
    """Give everybody of a site an account in Teams."""
    people = json.loads((site.parent / "people.yaml").read_text())
    for person in people:
        person["teams"] = {"tenant": fake.Teams.tenant, "object_id": IDS[person["id"]]}
    (site.parent / "people.yaml").write_text(json.dumps(people))
    return site


@asynccontextmanager
async def at_the_door(teams: fake.Teams, chat: Chat) -> AsyncIterator[None]:
    """Open a Teams door of a house, which remembers nothing yet; Teams posts there from now on."""

    async def rest(_: float) -> None:
        await asyncio.sleep(0)

    house = chat.house
    async with httpx.AsyncClient(verify=NO_TLS) as http:
        door = Teams(
            registration(teams),
            road=house.road,
            notices=house.notices,
            clock=TurnedClock(),
            http=http,
            references=house.stores.references,
            sleep=rest,
        )
        house.outbox.messengers[door.platform] = door
        app = FastAPI()
        app.routes.extend(routes(door))
        await door.start()
        async with served(app) as url:
            teams.door = f"{url}/api/messages"
            yield
        await door.close()


@pytest.fixture
async def tenant(
    launched_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Tenant]:
    """A house with a Teams door; its outbox does not rest between two edits."""
    monkeypatch.setattr("bot.adapters.teams.door.SPACING", 0.0)
    async with (
        opened(linked(write_site(tmp_path, launched_url))) as chat,
        fake.Teams.running() as teams,
        at_the_door(teams, chat),
    ):
        yield Tenant(teams, chat)


async def test_the_story_from_teams(tenant: Tenant) -> None:
    teams, chat = tenant.teams, tenant.chat
    card = await tenant.asked()
    assert "Deploy lab-results 1.4.2 to production?" in card.words

    own = await teams.press("Approve", card, user=ENGINEER)
    assert "you asked for this yourself" in own.json["value"]
    await teams.press("Approve", card, user=SECOND)
    await teams.until(lambda: "engineer-2" in card.words.lower())
    await teams.press("Approve", card, user=MANAGER)
    await chat.house.engine.wait("deploy", "DEP-1", seconds=20)
    await teams.until(lambda: "is done" in card.words)

    assert not card.buttons, "the controls are replaced by the record"
    assert chat.ci.running["lab-results", "production"] == "1.4.2"
    actors = [event.data["actor"] for event in await chat.events(verb="approve")]
    assert {actor["platform"] for actor in actors} == {"teams"}  # type: ignore[index,call-overload] # JSON


async def test_a_card_is_refreshed_by_a_process_that_did_not_post_it(tenant: Tenant) -> None:
    teams = tenant.teams
    card = await tenant.asked()
    async with at_the_door(teams, tenant.chat):
        answer = await teams.refresh(card, user=ENGINEER)
        assert answer.json["statusCode"] == 200, answer.body
        assert "lab-results 1.4.2" in answer.body


async def test_a_rejection_asks_for_its_reason_and_ends_the_request(tenant: Tenant) -> None:
    teams = tenant.teams
    card = await tenant.asked()
    answer = await teams.press("Reject", card, user=SECOND, values={"reason": 'not "now" & here'})
    assert answer.json["statusCode"] == 200
    await teams.until(lambda: not card.buttons)
    assert 'not "now" & here' in card.words
    assert tenant.chat.ci.deploys == []


async def test_five_deliveries_of_one_message_run_once(tenant: Tenant) -> None:
    text = "deploy portal 1.4.2 to test --reason 'try it'"
    body = activities.said(tenant.teams, text, ENGINEER)
    await asyncio.gather(*(tenant.teams.send(body) for _ in range(5)))
    await tenant.teams.message()
    await tenant.chat.ended("DEP-1")
    assert tenant.chat.ci.deploys == ["DEP-1"]
    assert len(await tenant.chat.events(verb="deploy", kind="intent")) == 1


async def test_a_bare_verb_opens_a_dialog_that_runs_it(tenant: Tenant) -> None:
    await tenant.teams.say("deploy", user=ENGINEER)
    asked = await tenant.teams.message()
    dialog = await tenant.teams.open("Fill in the form", asked, user=ENGINEER)
    filled = {"service": "portal", "version": "1.4.2", "environment": "test", "reason": "try it"}
    wrong = {**filled, "version": "9.9.9"}
    mended = await tenant.teams.submit(dialog, wrong, user=ENGINEER)
    assert mended.json["task"]["type"] == "continue", mended.body
    assert "9.9.9" in mended.body
    await tenant.teams.submit(mended, {"version": "1.4.2"}, user=ENGINEER)
    await tenant.chat.ended("DEP-1")
    assert tenant.chat.ci.running["portal", "test"] == "1.4.2"


async def test_every_command_that_is_typed_bare_opens_a_dialog_or_answers(tenant: Tenant) -> None:
    for command in tenant.chat.house.commands.commands:
        body = activities.dialog(tenant.teams, "task/fetch", {"opens": command.name}, ENGINEER, "g")
        answer = await tenant.teams.send(body)
        assert answer.status == 200, command.name
        assert answer.json["task"]["type"] in ("continue", "message"), command.name
        assert "Something failed" not in answer.body, command.name


async def test_a_stranger_in_teams_may_only_ask_for_help(tenant: Tenant) -> None:
    await tenant.teams.say("ci run portal 1.4.2", user=STRANGER)
    assert "do not know whose account" in (await tenant.teams.message()).words
    assert tenant.chat.ci.jobs == []


@pytest.mark.parametrize(
    "users", [{"member": {"userRole": "guest"}}, {"from": {"tenantId": STRANGER}}], ids=str
)
async def test_a_guest_in_teams_with_a_members_id_may_only_ask_for_help(
    tenant: Tenant, users: dict[str, dict[str, object]]
) -> None:
    tenant.teams.users[ENGINEER] = users
    await tenant.teams.say("ci run portal 1.4.2", user=ENGINEER)
    await tenant.teams.message()
    assert tenant.chat.ci.jobs == []


async def test_patient_data_typed_in_a_channel_is_answered_to_its_writer_alone(
    tenant: Tenant,
) -> None:
    await tenant.teams.say("page MRN 12345678 John Smith", user=ENGINEER, where="channel")
    answer = await tenant.teams.message()
    assert answer.to == f"29:{ENGINEER}"
    assert "12345678" not in json.dumps(answer.body)


async def test_an_outage_of_teams_is_got_over_by_the_outbox(tenant: Tenant) -> None:
    teams = tenant.teams
    card = await tenant.asked()
    teams.fail("edit", 502, times=6)
    await teams.press("Approve", card, user=SECOND)
    async with asyncio.timeout(20):
        while "engineer-2" not in card.words.lower():
            tenant.chat.clock.turn(seconds=5)
            tenant.chat.house.outbox.nudge()
            await asyncio.sleep(0.02)
    assert teams.requests["edit"] >= 7
