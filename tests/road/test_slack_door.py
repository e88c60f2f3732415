"""The same commands from Slack: a signed request at the door, the real road behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from bot.adapters.slack import Slack, Workspace, routes
from tests.adapters.slack.conftest import TurnedClock
from tests.fakes import slack as fake
from tests.house import Chat
from tests.serving import served

ENGINEER, ENGINEER_2, MANAGER = "U0001", "U0002", "U0003"
ASK = "deploy lab-results 1.4.2 to production --reason fix the stuck queue"


@dataclass
class Team:
    """A Slack team whose app is a whole Wardroom."""

    slack: fake.Slack
    chat: Chat


@pytest.fixture
async def team(chat: Chat) -> AsyncIterator[Team]:
    async with fake.Slack.running() as slack:
        slack.team = "T0001"
        workspace = Workspace(
            signing_secret=slack.secret,
            bot_token=slack.token,
            api_url=slack.api_url,
            console_url="http://console.test/",
        )

        async def rest(_seconds: float) -> None:
            await asyncio.sleep(0)

        house = chat.house
        door = Slack(
            workspace, road=house.road, notices=house.notices, clock=TurnedClock(), sleep=rest
        )
        chat.house.outbox.messengers[door.platform] = door
        app = FastAPI()
        app.routes.extend(routes(door))
        await door.start()
        async with served(app) as url:
            slack.door = f"{url}/slack/events"
            yield Team(slack, chat)
        await door.close()


async def test_the_story_from_slack(team: Team) -> None:
    slack, chat = team.slack, team.chat
    await slack.say(ASK, user=ENGINEER)
    card = await slack.message(1)
    assert "Deploy lab-results 1.4.2 to production?" in card.words

    own = await slack.press("Approve", card, user=ENGINEER)
    assert own.status == 200
    assert "you asked for this yourself" in (await slack.answer(1)).words
    await slack.press("Approve", card, user=ENGINEER_2)
    await slack.until(lambda: "engineer-2" in card.words)
    assert list(card.buttons) == ["Approve", "Reject"]
    await slack.press("Approve", card, user=MANAGER)
    await chat.house.engine.wait("deploy", "DEP-1", seconds=20)
    await slack.until(lambda: "is done" in card.words)

    assert not card.buttons, "the controls are replaced by the record"
    assert chat.ci.running["lab-results", "production"] == "1.4.2"
    assert {m.ts for m in slack.messages if "lab-results" in m.words} >= {card.ts}
    platforms = {
        str(event.data["actor"]["platform"])  # type: ignore[index,call-overload] # JSON
        for event in await chat.events(verb="approve")
    }
    assert platforms == {"slack"}


async def test_five_deliveries_of_one_command_run_once(team: Team) -> None:
    body = team.slack.command("deploy portal 1.4.2 to test --reason try it", ENGINEER, "C1", "/ops")
    await asyncio.gather(*(team.slack.send("slash_commands", body) for _ in range(5)))
    await team.chat.ended("DEP-1")
    assert team.chat.ci.deploys == ["DEP-1"]
    assert len(await team.chat.events(verb="deploy", kind="intent")) == 1


@pytest.mark.parametrize(
    ("stamp", "headers", "status"),
    [
        ("", {"X-Slack-Signature": "v0=" + "0" * 64}, 401),
        ("", {"X-Slack-Signature": ""}, 401),
        ("an hour ago", {}, 401),
        ("abc", {}, 401),
    ],
)
async def test_what_slack_did_not_sign_now_goes_no_further(
    team: Team, stamp: str, headers: dict[str, str], status: int
) -> None:
    if stamp == "an hour ago":
        stamp = str(int(time.time()) - 3600)
    raw = b"command=%2Fops&text=ci+run+portal+1.4.2&user_id=U0001&team_id=T0001&trigger_id=1.2"
    answer = await team.slack.post(
        raw, "application/x-www-form-urlencoded", stamp=stamp, headers=headers
    )
    assert answer.status == status
    assert team.chat.ci.jobs == []
    assert await team.chat.events(verb="ci run") == []


async def test_a_body_that_is_not_utf_8_is_refused(team: Team) -> None:
    answer = await team.slack.post(b"command=/ops&text=\xff\xfe", "application/json")
    assert answer.status in (400, 401)
    assert await team.chat.events(kind="intent") == []


async def test_a_bare_verb_opens_a_modal_that_runs_it(team: Team) -> None:
    await team.slack.say("deploy", user=ENGINEER)
    view = await team.slack.view(1)
    await team.slack.submit(
        view,
        {"service": "portal", "version": "1.4.2", "environment": "test", "reason": "try it"},
        user=ENGINEER,
    )
    await team.chat.ended("DEP-1")
    assert team.chat.ci.running["portal", "test"] == "1.4.2"


async def test_a_stranger_in_slack_may_only_ask_for_help(team: Team) -> None:
    said = await team.slack.say("ci run portal 1.4.2", user="U9999")
    assert "do not know whose account" in said.words
    assert team.chat.ci.jobs == []
