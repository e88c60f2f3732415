"""A day in both chats: asked in Slack, approved in Slack and in Teams, watched in both.

Everything is as it is in a hospital, but small: Wardroom is a process, the CI server is real, and
both platforms are servers on loopback that sign what they send and check what they are sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.end_to_end.ward import Ward
from tests.fakes import slack as fake_slack
from tests.fakes import teams as fake_teams
from tests.fakes.teams import activities

if TYPE_CHECKING:
    from tests.end_to_end.gate import Gate
    from tests.sandbox.fixtures import Hospital

pytestmark = [
    pytest.mark.hospital,
    pytest.mark.crash,
    pytest.mark.xdist_group("hospital"),
]
ROOM = "C0LAB"
ASKED = "deploy adt-feed 1.4.2 to production --reason fix the stuck queue"


class Slack(fake_slack.Slack):
    team = "T0WARDROOM"
    secret, token = "0123456789abcdef0123456789abcdef", "xoxb-0123456789-a-token"


class Teams(fake_teams.Teams):
    app_id, password = "5f0c1d2e-1111-4222-8333-444455556666", "an-app-password-of-enough-length"
    tenant = "11111111-2222-4333-8444-555555555555"
    bot = f"28:{app_id}"


@dataclass
class Chats:
    """One Wardroom, and what stands in both chats."""

    ward: Ward
    slack: fake_slack.Slack
    teams: fake_teams.Teams
    slack_ids: dict[str, str]
    teams_ids: dict[str, str]

    async def in_slack(self) -> fake_slack.Shown:
        """Return the message that shows the request in Slack."""
        found = self.slack.messages
        await self.slack.until(lambda: any("adt-feed" in shown.words for shown in found))
        return next(shown for shown in found if "adt-feed" in shown.words)

    async def in_teams(self) -> fake_teams.Shown:
        """Return the message that shows the request in Teams."""
        found = self.teams.messages
        await self.teams.until(lambda: any("adt-feed" in shown.words for shown in found))
        return next(shown for shown in found if "adt-feed" in shown.words)


@pytest.fixture
async def chats(ward: Ward) -> AsyncIterator[Chats]:
    """The ward with both platforms connected, and Teams' app in the lab's channel."""
    ward.stop()
    async with Slack.running() as slack, Teams.running() as teams:
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
        ward.config.write_text(yaml.safe_dump(document))
        services = yaml.safe_load((ward.folder / "services.yaml").read_text())
        for service in services:
            service["channels"] = [f"slack:{ROOM}", f"teams:{activities.CHANNEL}"]
        (ward.folder / "services.yaml").write_text(yaml.safe_dump(services))
        people = yaml.safe_load((ward.folder / "people.yaml").read_text())
        slack.door, teams.door = f"{ward.url}/slack/events", f"{ward.url}/api/messages"
        await asyncio.to_thread(ward.start)
        yield Chats(
            ward,
            slack,
            teams,
            {person["id"]: person["slack"]["user"] for person in people if "slack" in person},
            {person["id"]: person["teams"]["object_id"] for person in people if "teams" in person},
        )


async def test_a_day_in_both_chats(chats: Chats, gate: Gate, hospital: Hospital) -> None:
    ward, slack, teams = chats.ward, chats.slack, chats.teams
    await asyncio.to_thread(hospital.test, "adt-feed", "1.4.2")
    await teams.install(user=chats.teams_ids["release-manager"], where="channel")

    # Asked once in Slack, delivered five times.
    body = slack.command(ASKED, chats.slack_ids["engineer"], ROOM)
    await asyncio.gather(*(slack.send("slash_commands", body) for _ in range(5)))
    in_slack, in_teams = await chats.in_slack(), await chats.in_teams()
    assert {"Approve", "Reject"} <= set(in_slack.buttons) & set(in_teams.buttons)

    # The one who asked can not approve it, from the other chat either.
    refused = await teams.press("Approve", in_teams, user=chats.teams_ids["engineer"])
    assert "you asked for this yourself" in refused.body

    # One approves in Slack, twice by accident; Teams asks for patience when its copy is edited.
    teams.limit("edit", seconds=1)
    press = slack.pressed("Approve", in_slack, chats.slack_ids["engineer-2"])
    await asyncio.gather(*(slack.send("interactive", press) for _ in range(3)))
    await slack.until(lambda: "engineer-2" in in_slack.words)
    await teams.until(lambda: "engineer-2" in in_teams.words)

    # The power goes out, and Teams is away when it comes back.
    await asyncio.to_thread(ward.kill)
    teams.fail("edit", 503, times=3)
    await asyncio.to_thread(ward.start)

    # The same human from the other chat is counted already; another one decides it there.
    again = await teams.press("Approve", in_teams, user=chats.teams_ids["engineer-2"])
    assert "already" in again.body
    await teams.press("Approve", in_teams, user=chats.teams_ids["release-manager"])
    await asyncio.to_thread(ward.ended, "DEP-1")

    async with asyncio.timeout(60):
        for card in (in_slack, in_teams):
            while "is done" not in card.words or card.buttons:  # noqa: ASYNC110 - two servers' own
                await asyncio.sleep(0.1)

    # A button that was drawn before is outdated, and says so to its presser alone.
    late = await slack.send("interactive", press | {"trigger_id": slack.trigger()})
    assert late.status == 200
    assert len({m.ts for m in slack.messages if "adt-feed" in m.words}) == 1
    public = {m.id for m in teams.messages if "adt-feed" in m.words and not m.to}
    assert len(public) == 1

    assert hospital.running_version("adt-feed", "production") == "1.4.2"
    assert gate.orders == 1
    events = await asyncio.to_thread(ward.events, "verb:approve")
    assert {event["actor"]["platform"] for event in events} == {"slack", "teams"}
    assert len(await asyncio.to_thread(ward.events, "verb:deploy kind:ended")) == 1
    verified = await asyncio.to_thread(ward.typed, "audit", "verify")
    assert verified.exit_code == 0, verified.output
