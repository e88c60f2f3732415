"""What both chats promise of a reply that names the thread it belongs in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from bot.model import BELOW, Place, Reply, Visibility
from tests.adapters.slack.conftest import ScriptedRoad
from tests.adapters.slack.conftest import opened as slack_opened
from tests.adapters.teams.conftest import opened as teams_opened
from tests.fakes.notices import DirectNotices
from tests.fakes.teams.activities import CHANNEL, said

NEWS = Reply("The feed flows again.", visibility=Visibility.PUBLIC)
CARD = Reply("lab-results is down.", topic="INC-4", visibility=Visibility.PUBLIC)


@dataclass(frozen=True)
class Ward:
    """A chat with a channel and another one; threads are named as the platform names them.

    `say` says something in a channel, in a thread where one is named, and returns the thread that
    it began; `threads` are those of the messages that show a text, in their order.
    """

    road: ScriptedRoad
    notices: DirectNotices
    place: Place
    say: Callable[[str, Place], Awaitable[str]]
    threads: Callable[[str], Awaitable[list[str]]]

    async def shown(self, reply: Reply, place: Place) -> str:
        """Return the thread that begins at a message, which is posted now."""
        ref = await self.notices.messengers[place.platform].post(place, reply)
        await self.notices.shown(reply.topic, place, ref, reply)
        return ref


@pytest.fixture(params=["slack", "teams"])
async def ward(request: pytest.FixtureRequest) -> AsyncIterator[Ward]:
    """Each chat in turn."""
    if request.param == "slack":
        async with slack_opened() as slack:

            async def say(text: str, place: Place) -> str:
                body = slack.slack.mentioned(text, "U1", place.channel, place.thread)
                await slack.slack.send("events_api", body)
                return str(body["event"]["ts"])

            async def threads(word: str) -> list[str]:
                await slack.slack.until(lambda: any(word in m.words for m in slack.slack.messages))
                return [m.thread for m in slack.slack.messages if word in m.words]

            yield Ward(slack.road, slack.notices, Place("slack", "C1"), say, threads)
        return
    async with teams_opened() as teams:
        await teams.teams.install(where="channel")
        await teams.door._tasks.close(10)

        async def say_there(text: str, place: Place) -> str:
            body = said(teams.teams, text, "anna", "channel", thread=place.thread)
            await teams.teams.send(body)
            return place.thread or str(body["id"])

        async def threads_there(word: str) -> list[str]:
            await teams.teams.until(lambda: any(word in m.words for m in teams.teams.messages))
            found = [m for m in teams.teams.messages if word in m.words]
            return [m.conversation.partition(";messageid=")[2] for m in found]

        yield Ward(teams.road, teams.notices, Place("teams", CHANNEL), say_there, threads_there)


async def test_an_answer_is_below_what_was_said(ward: Ward) -> None:
    ward.road.replies["news"] = replace(NEWS, thread=BELOW)
    began = await ward.say("news", ward.place)
    assert await ward.threads("flows again") == [began]


async def test_in_a_thread_it_is_below_what_began_it(ward: Ward) -> None:
    began = await ward.shown(CARD, ward.place)
    ward.road.replies["news"] = replace(NEWS, thread=BELOW)
    await ward.say("news", replace(ward.place, thread=began))
    assert await ward.threads("flows again") == [began]


async def test_an_answer_about_a_topic_is_below_its_message(ward: Ward) -> None:
    began = await ward.shown(CARD, ward.place)
    ward.road.replies["news"] = replace(NEWS, thread="INC-4")
    await ward.say("news", ward.place)
    assert await ward.threads("flows again") == [began]


async def test_where_the_topic_is_not_shown_it_stays_where_it_was_asked(ward: Ward) -> None:
    began = await ward.shown(replace(CARD, topic="INC-9"), ward.place)
    ward.road.replies["news"] = replace(NEWS, thread="INC-4")
    await ward.say("news", replace(ward.place, thread=began))
    assert await ward.threads("flows again") == [began]


async def test_a_message_with_a_topic_of_its_own_stays_where_it_was_asked(ward: Ward) -> None:
    other = await ward.shown(replace(CARD, topic="INC-9"), ward.place)
    began = await ward.shown(CARD, ward.place)
    ward.road.replies["news"] = replace(NEWS, thread="INC-4", topic="DEP-1")
    await ward.say("news", replace(ward.place, thread=other))
    assert await ward.threads("flows again") == [other]
    assert began != other
