"""What every platform that opens rooms promises: Slack, and Teams by threads and by channels."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pytest

from bot.errors import IntegrationError, Rejected, Throttled
from bot.model import Place, Reply
from bot.ports import Messenger, Rooms
from tests.adapters.slack.conftest import opened as slack_opened
from tests.adapters.teams.conftest import opened as teams_opened
from tests.fakes.teams.activities import CHANNEL

TITLE = "INC-12 lab-results is down"


class Chat(Messenger, Rooms, Protocol):
    """A platform that shows messages and opens rooms."""


@dataclass(frozen=True)
class Ward:
    """A platform with a channel, a person who can be called in, and one who cannot."""

    chat: Chat
    beside: str
    here: str
    absent: str
    shown: Callable[[Place], Sequence[str]]
    refuse: Callable[[], None]
    limit: Callable[[], None]


@pytest.fixture(params=["slack", "teams by threads", "teams by channels"])
async def ward(request: pytest.FixtureRequest) -> AsyncIterator[Ward]:
    """Each platform in turn."""
    if request.param == "slack":
        async with slack_opened() as slack:
            slack.slack.users["U2"] = {"deleted": True}
            yield Ward(
                slack.door,
                "C1",
                "U1",
                "U2",
                lambda room: [m.words for m in slack.slack.messages if m.channel == room.channel],
                lambda: slack.slack.fail("conversations.create", "restricted_action"),
                lambda: slack.slack.limit("conversations.create", seconds=9, times=9),
            )
        return
    graph_url = "{graph}" if request.param == "teams by channels" else ""
    async with teams_opened(graph_url=graph_url) as teams:
        await teams.teams.install(where="channel")
        await teams.door._tasks.close(10)
        teams.teams.users["ben"] = {"is_absent": True}
        opens = "graph" if graph_url else "post"

        def shown(room: Place) -> list[str]:
            threads = (m.conversation.partition(";messageid=") for m in teams.teams.messages)
            told = zip(threads, teams.teams.messages, strict=True)
            return [
                m.words
                for (channel, _, thread), m in told
                if channel == room.channel and room.thread in ("", thread)
            ]

        yield Ward(
            teams.door,
            CHANNEL,
            "anna",
            "ben",
            shown,
            lambda: teams.teams.fail(opens, 403, "Forbidden"),
            lambda: teams.teams.limit(opens, seconds=9, times=9),
        )


async def test_a_room_is_a_place_to_post_to_and_to_edit_in(ward: Ward) -> None:
    room = await ward.chat.open_room(TITLE, beside=ward.beside, members=[ward.here])
    assert room.platform == ward.chat.platform
    ref = await ward.chat.post(room, Reply("The queue grows."))
    assert any("The queue grows." in words for words in ward.shown(room))
    await ward.chat.edit(room, ref, Reply("The queue is empty."))
    assert any("The queue is empty." in words for words in ward.shown(room))


async def test_two_rooms_of_one_title_are_two_rooms(ward: Ward) -> None:
    one, other = [
        await ward.chat.open_room(TITLE, beside=ward.beside, members=[]) for _ in range(2)
    ]
    await ward.chat.post(one, Reply("In the first."))
    assert one != other
    assert any("In the first." in words for words in ward.shown(one))
    assert not any("In the first." in words for words in ward.shown(other))


async def test_the_channel_beside_may_be_named_with_its_platform(ward: Ward) -> None:
    beside = f"{ward.chat.platform}:{ward.beside}"
    room = await ward.chat.open_room(TITLE, beside=beside, members=[])
    assert await ward.chat.post(room, Reply("Here."))


async def test_who_cannot_be_called_in_keeps_nobody_out_and_the_room_says_so(ward: Ward) -> None:
    members = [ward.here, ward.absent]
    room = await ward.chat.open_room(TITLE, beside=ward.beside, members=members)
    assert any("1 of the 2 people asked for" in words for words in ward.shown(room))


async def test_a_refusal_is_one_sentence_and_there_is_no_room(ward: Ward) -> None:
    ward.refuse()
    with pytest.raises(Rejected) as refused:
        await ward.chat.open_room(TITLE, beside=ward.beside, members=[])
    assert refused.value.text.endswith(".")


async def test_a_platform_that_asks_for_patience_says_for_how_long(ward: Ward) -> None:
    ward.limit()
    with pytest.raises(IntegrationError) as told:
        await ward.chat.open_room(TITLE, beside=ward.beside, members=[])
    assert isinstance(told.value, Throttled)
    assert told.value.seconds == 9
