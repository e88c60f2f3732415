"""A picture that Slack can not fetch costs the picture, and nothing else of its message."""

from __future__ import annotations

import pytest

from bot.model import Button, Image, Place, Reply, Visibility
from tests.adapters.slack.conftest import Open
from tests.fakes.slack import Shown

URL = "https://charts.hospital.example/adt.png"
CHART = Reply(
    "The feed is silent.",
    image=Image(URL, "Messages per minute: none since 03:10"),
    buttons=(Button("Look again", "status adt-feed"),),
    visibility=Visibility.PUBLIC,
)


def _is_linked(shown: Shown) -> bool:
    assert list(shown.buttons) == ["Look again"]
    assert not any(block["type"] == "image" for block in shown.blocks)
    assert "Messages per minute: none since 03:10" in shown.words
    return URL in str(shown.blocks)


async def test_a_message_keeps_its_buttons_and_links_the_picture(here: Open) -> None:
    here.slack.cannot_fetch = True
    ref = await here.door.post(Place("slack", "C1"), CHART)
    [shown] = here.slack.messages
    assert _is_linked(shown)
    await here.door.edit(Place("slack", "C1"), ref, CHART)
    assert len(shown.versions) == 2
    assert _is_linked(shown)


async def test_a_picture_that_can_be_fetched_is_shown(here: Open) -> None:
    await here.door.post(Place("slack", "C1"), CHART)
    [body] = here.slack.called("chat.postMessage")
    assert [b["image_url"] for b in body["blocks"] if b["type"] == "image"] == [URL]


@pytest.mark.parametrize("visibility", list(Visibility))
async def test_an_answer_to_a_command_has_it_too(here: Open, visibility: Visibility) -> None:
    here.slack.cannot_fetch = True
    here.road.replies["chart"] = Reply(
        CHART.text, image=CHART.image, buttons=CHART.buttons, visibility=visibility
    )
    answer = await here.slack.say("chart")
    assert answer.json == {}  # what could be refused is not in the acknowledgement
    is_private = visibility is Visibility.PRIVATE
    assert _is_linked(await (here.slack.whisper() if is_private else here.slack.message()))


async def test_what_can_not_be_drawn_at_all_is_said(here: Open) -> None:
    here.slack.fail("chat.postMessage", "invalid_blocks", times=2)
    await here.door.post(Place("slack", "C1"), CHART)
    [shown] = here.slack.messages
    assert shown.blocks == []
    assert "The feed is silent." in shown.text
