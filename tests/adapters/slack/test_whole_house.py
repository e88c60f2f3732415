"""Home, shortcuts and retries with a whole Wardroom behind the door: real stores, real road."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from bot.adapters.slack import Slack, Sources, Workspace, routes
from tests.adapters.slack.conftest import TurnedClock
from tests.fakes import slack as fake
from tests.fakes.slack import JSON, Shown
from tests.house import Chat
from tests.serving import served

ENGINEER, ENGINEER_2, MANAGER, DESK = "U0001", "U0002", "U0003", "U0006"
ASK = "deploy lab-results 1.4.2 to production --reason fix the stuck queue"


@dataclass
class Ward:
    """A Slack team whose app is a whole Wardroom."""

    slack: fake.Slack
    chat: Chat

    async def home(self, user: str, said: str) -> Shown:
        """Return the newest Home tab of a person that says something, waiting for it."""
        found: list[Shown] = []

        def is_there() -> bool:
            found[:] = [
                Shown("", "", "", view["blocks"], user=user, view=view)
                for who, view in self.slack.homes
                if who == user and said in json.dumps(view)
            ]
            return bool(found)

        await self.slack.until(is_there)
        return found[-1]


@pytest.fixture
async def ward(chat: Chat) -> AsyncIterator[Ward]:
    """A house, wired to Slack as it is when it serves."""
    house = chat.house
    async with fake.Slack.running() as slack:
        slack.team = "T0001"
        workspace = Workspace(slack.secret, slack.token, api_url=slack.api_url)

        async def rest(_seconds: float) -> None:
            await asyncio.sleep(0)

        door = Slack(
            workspace,
            road=house.road,
            notices=house.notices,
            clock=TurnedClock(),
            sources=Sources(house.directory, house.manual, house.desk, house.stores.deploys),
            sleep=rest,
        )
        house.outbox.messengers[door.platform] = door
        house.notices.everywhere = {**house.notices.everywhere, door.home.platform: door.home}
        app = FastAPI()
        app.routes.extend(routes(door))
        await door.start()
        async with served(app) as url:
            slack.door = f"{url}/slack/events"
            yield Ward(slack, chat)
        await door.close()


async def test_a_deploy_is_asked_approved_and_followed_on_home_alone(ward: Ward) -> None:
    slack = ward.slack
    for user in (ENGINEER, ENGINEER_2, MANAGER):
        await slack.open_home(user=user)
        await ward.home(user, "Nothing waits for you.")
    await slack.choose("run", user=ENGINEER)
    await slack.submit(await slack.view(), {"line": ASK}, user=ENGINEER)

    mine = await ward.home(ENGINEER, "REQ-1")
    assert "Cancel" in mine.buttons
    assert "Approve" not in mine.buttons, "nobody approves their own request"
    for user in (ENGINEER_2, MANAGER):
        theirs = await ward.home(user, "REQ-1")
        assert "Deploy lab-results 1.4.2 to production?" in theirs.words
        await slack.press("Approve", theirs, user=user)
    await ward.home(ENGINEER, "Nothing that you asked for is waiting.")
    await ward.chat.ended("DEP-1")
    assert ward.chat.ci.running["lab-results", "production"] == "1.4.2"


async def test_my_own_request_is_cancelled_from_home(ward: Ward) -> None:
    slack = ward.slack
    await slack.open_home(user=ENGINEER)
    await slack.say(ASK, user=ENGINEER)
    mine = await ward.home(ENGINEER, "REQ-1")
    await slack.press("Cancel", mine, user=ENGINEER)
    await slack.until(lambda: "REQ-1" not in json.dumps(slack.homes[-1][1]))
    assert (await ward.chat.card("REQ-1")).reason == "cancelled"


async def test_who_may_only_read_is_offered_no_deploy(ward: Ward) -> None:
    await ward.slack.open_home(user=DESK)
    home = await ward.home(DESK, "Hello")
    assert "Show what you can type here" in home.buttons
    assert not [label for label in home.buttons if "Deploy" in label or "Roll" in label]


async def test_looking_at_home_writes_no_record(ward: Ward) -> None:
    await ward.slack.open_home(user=ENGINEER)
    await ward.home(ENGINEER, "Hello")
    assert await ward.chat.events(kind="intent") == []


async def test_a_mention_that_slack_sends_again_and_again_runs_once(ward: Ward) -> None:
    typed = "deploy portal 1.4.2 to test --reason try it"
    raw = json.dumps(ward.slack.mentioned(typed, ENGINEER)).encode()
    for number in range(4):
        retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"}
        answer = await ward.slack.post(raw, JSON, headers=retry if number else {})
        assert answer.status == 200
    await ward.chat.ended("DEP-1")
    assert ward.chat.ci.deploys == ["DEP-1"]
    assert len(await ward.chat.events(verb="deploy", kind="intent")) == 1


async def test_what_an_outsider_tries_is_on_the_record(ward: Ward) -> None:
    ward.slack.users[ENGINEER] = {"is_restricted": True}
    answer = await ward.slack.say("deploy", user=ENGINEER)
    assert "full members of this workspace only" in answer.words
    assert ward.slack.called("views.open") == []
    [refused] = await ward.chat.events(kind="refused")
    assert refused.data["reason"] == "bad_input"
