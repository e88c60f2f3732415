"""A day in both chats: asked in Slack, approved in Slack and in Teams, watched in both.

Everything is as it is in a hospital, but small: Wardroom is a process, the CI server is real, and
both platforms are servers on loopback that sign what they send and check what they are sent. The
outage lasts five minutes in a thorough run and a few seconds at the keyboard.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.end_to_end.chats import REFUGE, until
from tests.examples import THOROUGH
from tests.fakes.teams import activities

if TYPE_CHECKING:
    from tests.end_to_end.chats import Chats
    from tests.end_to_end.gate import Gate
    from tests.fakes import slack as fake_slack
    from tests.fakes import teams as fake_teams
    from tests.sandbox.fixtures import Hospital

pytestmark = [
    pytest.mark.hospital,
    pytest.mark.crash,
    # Five minutes are not spent in front of the other tests of the hospital.
    pytest.mark.xdist_group("day" if THOROUGH else "hospital"),
]
OUTAGE = 300 if THOROUGH else 3  # seconds
SAID = 120  # seconds without an answer until a platform is said to be down
COMES_BACK = 90  # seconds: after a long outage a platform is asked once a minute
ASKED = "deploy adt-feed 1.4.2 to production --reason fix the stuck queue"
MEANWHILE = (
    "deploy portal 1.4.2 to production --reason the clinics wait for it",
    "deploy portal 1.4.2 to production --reason and the wards too",
)


@dataclass
class Cards:
    """The two messages that the day is about, and the press that approved in Slack."""

    slack: fake_slack.Shown
    teams: fake_teams.Shown
    press: dict[str, Any]


@pytest.mark.thorough
async def test_a_day_in_both_chats(chats: Chats, gate: Gate, hospital: Hospital) -> None:
    ward = chats.ward
    await asyncio.to_thread(hospital.test, "adt-feed", "1.4.2")
    await asyncio.to_thread(hospital.test, "portal", "1.4.2")

    cards = await _morning(chats)
    await asyncio.to_thread(ward.kill)
    chats.slack.is_down = True
    await asyncio.to_thread(ward.start)
    await _noon(chats, cards)
    chats.slack.is_down = False
    await _evening(chats, cards)

    assert hospital.running_version("adt-feed", "production") == "1.4.2"
    assert gate.orders == 1
    events = await asyncio.to_thread(ward.events, "verb:approve kind:outcome reason:ok")
    assert sorted(event["actor"]["platform"] for event in events) == ["slack", "teams"]
    assert len(await asyncio.to_thread(ward.events, "verb:deploy kind:ended")) == 1
    verified = await asyncio.to_thread(ward.typed, "audit", "verify")
    assert verified.exit_code == 0, verified.output


async def _morning(chats: Chats) -> Cards:
    """Ask in Slack and approve there once, with every delivery doubled, late or out of order."""
    slack, teams = chats.slack, chats.teams
    # An approval that came before what it approves is refused, and so is its redelivery later.
    who = chats.teams_ids["release-manager"]
    early = activities.said(teams, "approve REQ-1", who, "channel")
    await teams.send(early)

    # Asked once, delivered five times; both platforms show it, and are slow to say so.
    posted = slack.delay("chat.postMessage")
    teams.answers.clear()
    asked = await chats.command("engineer", ASKED, times=5)
    await until(lambda: chats.in_slack("adt-feed") and chats.in_teams("adt-feed"))
    (in_slack,), (in_teams,) = chats.in_slack("adt-feed"), chats.in_teams("adt-feed")
    assert {"Approve", "Reject"} <= set(in_slack.buttons) & set(in_teams.buttons)

    # Presses on messages that Wardroom does not know by name yet. The one who asked can not
    # approve it, from the other chat either; another one can, and presses twice by accident.
    refused = await chats.press_in_teams("engineer", "Approve", in_teams)
    assert "you asked for this yourself" in refused
    press = await chats.press("engineer-2", "Approve", in_slack, times=3)

    # What was delivered long ago comes again, the last first.
    await slack.send("interactive", press)
    await slack.send("slash_commands", asked)
    await teams.send(early)

    # Both platforms are heard again, and ask for patience.
    teams.limit("edit", seconds=1)
    slack.limit("chat.update", seconds=1)
    posted.set()
    teams.answers.set()
    await until(lambda: "engineer-2" in in_slack.words and "engineer-2" in in_teams.words)
    assert "release-manager" not in in_slack.words + in_teams.words
    return Cards(in_slack, in_teams, press)


async def _noon(chats: Chats, cards: Cards) -> None:
    """Decide and deploy it in Teams while Slack is away."""
    over = asyncio.get_running_loop().time() + OUTAGE
    chats.teams.fail("edit", 503, times=3)
    before = [shown.versions[-1] for shown in chats.slack.messages]

    # The same human from the other chat is counted already; another one decides it there.
    again = await chats.press_in_teams("engineer-2", "Approve", cards.teams)
    assert "already" in again
    for text in MEANWHILE:
        await chats.teams.say(text, user=chats.teams_ids["engineer-2"], where="channel")
    await until(lambda: chats.in_teams("REQ-3"))
    await chats.press_in_teams("release-manager", "Approve", cards.teams)
    await asyncio.to_thread(chats.ward.ended, "DEP-1")
    await until(lambda: "is done" in cards.teams.words and not cards.teams.buttons)

    await asyncio.sleep(over - asyncio.get_running_loop().time())
    assert chats.slack.knocks
    assert [shown.versions[-1] for shown in chats.slack.messages] == before
    if OUTAGE > SAID:
        await _moved(chats)


async def _moved(chats: Chats) -> None:
    """See that Slack is said to be down, and its letters are in Teams, each once and current."""
    said = await chats.ready()
    assert said["status"] == "degraded"
    assert "no answer since" in said["checks"]["slack"]
    for word in ("adt-feed 1.4.2", "REQ-2", "REQ-3"):
        (shown,) = chats.in_teams(word, REFUGE)
        assert ("is done" in shown.words) is (word == "adt-feed 1.4.2")


async def _evening(chats: Chats, cards: Cards) -> None:
    """See in Slack what it missed: once, in order, as it is now; what was drawn before is void."""
    slack = chats.slack
    await until(lambda: chats.in_slack("REQ-3"), seconds=COMES_BACK)
    await until(lambda: "is done" in cards.slack.words)
    assert not cards.slack.buttons
    (second,), (third,) = chats.in_slack("REQ-2"), chats.in_slack("REQ-3")
    assert slack.messages == [cards.slack, second, third]
    # In Teams each stands in the thread where it was asked, and in the channel.
    await until(lambda: [len(chats.in_teams(word)) for word in ("REQ-2", "REQ-3")] == [2, 2])
    assert (await chats.ready())["status"] == "ok"

    whispered = len(slack.answers)
    late = await slack.send("interactive", cards.press | {"trigger_id": slack.trigger()})
    assert late.status == 200
    await until(lambda: len(slack.answers) > whispered)
    assert slack.answers[-1]["response_type"] == "ephemeral"
    assert slack.messages == [cards.slack, second, third]
    assert chats.in_teams("adt-feed 1.4.2") == [cards.teams]
