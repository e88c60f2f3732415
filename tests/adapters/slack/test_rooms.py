"""A room is a channel that is named after its title, with its people in it."""

from __future__ import annotations

import itertools

import pytest

from bot.adapters.slack.rooms import NAME, names
from bot.errors import Rejected, Throttled
from bot.model import Place, Reply
from tests.adapters.slack.conftest import Open, opened
from tests.fakes.slack import Slack as FakeSlack

TITLE = "INC-4: Lab results are silent (Z\u00fcrich & Genf)"


async def test_a_room_has_its_name_its_topic_and_its_people(here: Open) -> None:
    place = await here.door.open_room(TITLE, beside="slack:C1", members=["U1", "U2"])
    [(channel, room)] = here.slack.rooms.items()
    assert place == Place("slack", channel)
    assert room["name"] == "inc-4-lab-results-are-silent-zurich-genf"
    assert room["topic"] == "INC-4: Lab results are silent (Z\u00fcrich &amp; Genf)"
    assert room["members"] == ["U1", "U2"]
    ref = await here.door.post(place, Reply("It began at 03:10."))
    assert [(m.channel, m.ts) for m in here.slack.messages] == [(channel, ref)]


async def test_a_name_that_is_taken_gets_a_number(here: Open) -> None:
    for _ in range(3):
        await here.door.open_room("INC-4", beside="", members=[])
    assert [room["name"] for room in here.slack.rooms.values()] == ["inc-4", "inc-4-2", "inc-4-3"]


async def test_who_is_not_known_there_keeps_nobody_out_and_the_room_says_so(here: Open) -> None:
    here.slack.users["U2"] = {"deleted": True}
    place = await here.door.open_room("INC-4", beside="C1", members=["U1", "U2", "U3"])
    assert here.slack.rooms[place.channel]["members"] == ["U1", "U3"]
    [said] = here.slack.messages
    assert said.channel == place.channel
    assert "1 of the 3 people asked for could not be called in: U2." in said.words


async def test_where_nobody_can_be_called_in_the_room_says_so(here: Open) -> None:
    here.slack.users["U2"] = {"deleted": True}
    await here.door.open_room("INC-4", beside="C1", members=["U2"])
    [said] = here.slack.messages
    assert "1 of the 1 people" in said.words
    here.slack.fail("conversations.invite", "cant_invite")
    await here.door.open_room("INC-5", beside="C1", members=["U3"])
    assert "could not be called in: U3." in here.slack.messages[-1].words


async def test_who_is_in_already_is_not_missed(here: Open) -> None:
    here.slack.fail("conversations.invite", "already_in_channel")
    await here.door.open_room("INC-4", beside="C1", members=["U1"])
    assert here.slack.messages == []


async def test_a_room_without_its_topic_is_a_room(here: Open) -> None:
    here.slack.fail("conversations.setTopic", "internal_error")
    place = await here.door.open_room("INC-4", beside="C1", members=[])
    assert place.channel in here.slack.rooms


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        ("restricted_action", "an owner of the workspace allows it"),
        ("missing_scope", "channels:manage"),
        ("invalid_name_specials", "Slack refused it: invalid_name_specials."),
    ],
)
async def test_a_refusal_says_its_mend(here: Open, code: str, mend: str) -> None:
    here.slack.fail("conversations.create", code)
    with pytest.raises(Rejected) as refused:
        await here.door.open_room("INC-4", beside="C1", members=[])
    assert mend in refused.value.text
    assert here.slack.rooms == {}


async def test_a_slack_that_asks_for_patience_is_heard(here: Open) -> None:
    here.slack.limit("conversations.create", seconds=0, times=2)
    with pytest.raises(Throttled):
        await here.door.open_room("INC-4", beside="C1", members=[])


def _organised(slack: FakeSlack) -> None:
    slack.enterprise, slack.is_org, slack.teams = "E1", True, ["T5"]


async def test_an_organisations_room_is_in_its_workspace() -> None:
    async with opened(arrange=_organised) as org:
        await org.door.open_room("INC-4", beside="C1", members=[])
        assert [room["team"] for room in org.slack.rooms.values()] == ["T5"]


async def test_of_many_workspaces_it_is_the_one_of_the_channel_beside() -> None:
    async with opened(arrange=_organised) as org:
        org.slack.teams.append("T6")
        org.slack.workspaces["C1"] = "T6"
        await org.door.open_room("INC-4", beside="slack:C1", members=[])
        assert [room["team"] for room in org.slack.rooms.values()] == ["T6"]


async def test_where_slack_does_not_say_which_workspace_there_is_no_room_but_the_mend() -> None:
    async with opened(arrange=_organised) as org:
        org.slack.teams.append("T6")
        with pytest.raises(Rejected, match="channels:read"):
            await org.door.open_room("INC-4", beside="C1", members=[])


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("  ", "room"),
        ("\u60a3\u8005", "room"),
        ("___a___", "a"),
        ("A" * 200, "a" * NAME),
        ("a" * 79 + " b", "a" * 79),
    ],
)
def test_a_name_is_one_that_slack_takes(title: str, name: str) -> None:
    first, second = itertools.islice(names(title), 2)
    assert first == name
    assert second == name[: NAME - 2] + "-2"
