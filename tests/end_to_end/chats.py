"""Both chat platforms beside one Wardroom, and what stands in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import yaml
from aiohttp import web

from bot.adapters.teams.invokes import WORKING
from tests.end_to_end.ward import Ward
from tests.fakes import slack as fake_slack
from tests.fakes import teams as fake_teams
from tests.fakes.teams import activities
from tests.serving import NO_TLS

ROOM = "C0LAB"
# Where what waits for Slack is shown while Slack is down.
REFUGE = "19:refuge@thread.tacv2"


class Slack(fake_slack.Slack):
    team = "T0WARDROOM"
    secret, token = "0123456789abcdef0123456789abcdef", "xoxb-0123456789-a-token"


class Teams(fake_teams.Teams):
    app_id, password = "5f0c1d2e-1111-4222-8333-444455556666", "an-app-password-of-enough-length"
    tenant = "11111111-2222-4333-8444-555555555555"
    bot = f"28:{app_id}"

    def __init__(self) -> None:
        super().__init__()
        self.channels = [activities.CHANNEL, REFUGE]
        self.answers = asyncio.Event()
        self.answers.set()

    async def _connector(self, request: web.Request) -> web.Response:
        """Do what is asked for; of what was posted say so when `answers` is set."""
        done = await super()._connector(request)
        if request.method == "POST" and request.path.endswith("/activities"):
            await self.answers.wait()
        return done


@dataclass
class Chats:
    """One Wardroom, and what stands in both chats."""

    ward: Ward
    slack: fake_slack.Slack
    teams: Teams
    slack_ids: dict[str, str]
    teams_ids: dict[str, str]

    def in_slack(self, word: str) -> list[fake_slack.Shown]:
        """Return Slack's messages that say a word, in the order they were posted."""
        return [shown for shown in self.slack.messages if word in shown.words]

    def in_teams(self, word: str, where: str = activities.CHANNEL) -> list[fake_teams.Shown]:
        """Return the messages that say a word to everybody in a channel of Teams."""
        said = [m for m in self.teams.messages if word in m.words and not m.to]
        return [shown for shown in said if shown.conversation.startswith(where)]

    async def command(self, who: str, text: str, *, times: int = 1) -> dict[str, Any]:
        """Type a slash command that is delivered several times; returns its body."""
        body = self.slack.command(text, self.slack_ids[who], ROOM)
        await asyncio.gather(*(self.slack.send("slash_commands", body) for _ in range(times)))
        return body

    async def press(self, who: str, label: str, card: fake_slack.Shown, *, times: int = 1) -> Any:
        """Press a button in Slack once, which is delivered several times; returns its body."""
        body = self.slack.pressed(label, card, self.slack_ids[who])
        await asyncio.gather(*(self.slack.send("interactive", body) for _ in range(times)))
        return body

    async def press_in_teams(self, who: str, label: str, card: fake_teams.Shown) -> str:
        """Press a button in Teams; returns what the presser is told, at once or a little later."""
        user = self.teams_ids[who]
        told = [shown for shown in self.teams.messages if shown.to == f"29:{user}"]
        answer = await self.teams.press(label, card, user=user)
        if WORKING not in answer.body:
            return answer.body
        await until(lambda: [m for m in self.teams.messages if m.to == f"29:{user}"] != told)
        return next(m.words for m in reversed(self.teams.messages) if m.to == f"29:{user}")

    async def ready(self) -> dict[str, Any]:
        """Return what `/readyz` says."""
        async with httpx.AsyncClient(verify=NO_TLS, timeout=10) as client:
            answer: dict[str, Any] = (await client.get(f"{self.ward.url}/readyz")).json()
        return answer


async def until(condition: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait until something is so, in whichever chat."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - two servers' own
            await asyncio.sleep(0.05)


@pytest.fixture
async def chats(unstarted: Ward) -> AsyncIterator[Chats]:
    """The ward with both platforms connected, and Teams' app in the lab's team."""
    ward = unstarted
    async with Slack.running() as slack, Teams.running() as teams:
        assert isinstance(teams, Teams)
        _settle(ward, slack, teams)
        people = yaml.safe_load((ward.folder / "people.yaml").read_text())
        slack.door, teams.door = f"{ward.url}/slack/events", f"{ward.url}/api/messages"
        await asyncio.to_thread(ward.start)
        made = Chats(
            ward,
            slack,
            teams,
            {person["id"]: person["slack"]["user"] for person in people if "slack" in person},
            {person["id"]: person["teams"]["object_id"] for person in people if "teams" in person},
        )
        await teams.install(user=made.teams_ids["release-manager"], where="channel")
        yield made


def _settle(ward: Ward, slack: fake_slack.Slack, teams: Teams) -> None:
    """Write both platforms into the ward's settings, and the lab's channels into its services."""
    document = yaml.safe_load(ward.config.read_text())
    document["slack"] = {
        "signing_secret": slack.secret,
        "bot_token": slack.token,
        "api_url": slack.api_url,
    }
    document["teams"] = {
        "app_id": teams.app_id,
        "app_password": teams.password,
        "tenant_id": teams.tenant,
        "openid_metadata_url": teams.openid_url,
        "login_url": teams.login_url,
        "allowed_service_urls": [f"{teams.base}/"],
    }
    del document["oncall"]  # the day is longer than on-call lets a request wait
    document["failover"] = {"slack": f"teams:{REFUGE}"}
    ward.config.write_text(yaml.safe_dump(document))
    services = yaml.safe_load((ward.folder / "services.yaml").read_text())
    for service in services:
        service["channels"] = [f"slack:{ROOM}", f"teams:{activities.CHANNEL}"]
    (ward.folder / "services.yaml").write_text(yaml.safe_dump(services))
