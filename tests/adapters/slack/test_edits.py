"""Messages are edited in place: text and blocks; what Slack says is understood."""

from __future__ import annotations

import pytest

from bot.errors import Rejected, Throttled, Unreachable
from bot.model import Button, Place, Reason, Reply
from tests.adapters.slack.conftest import Open
from tests.fakes.slack import Shown

CHANNEL = Place("slack", "C1")
WAITING = Reply("Waiting.", Reason.PENDING_APPROVAL, buttons=(Button("Approve", "approve REQ-1"),))


async def shown(here: Open, channel: str = "C1") -> Shown:
    """Post a message with a button; returns it."""
    await here.door.post(Place("slack", channel), WAITING)
    return here.slack.messages[-1]


async def test_an_edit_replaces_text_and_blocks_so_that_no_button_stays(here: Open) -> None:
    message = await shown(here)
    await here.door.edit(CHANNEL, message.ts, Reply("REQ-1 was approved by anna at 10:02 UTC."))
    assert message.text == message.words == "REQ-1 was approved by anna at 10:02 UTC."
    assert message.buttons == {}
    assert {"text", "blocks", "ts", "channel"} <= set(message.versions[1])


async def test_an_edit_that_slack_refuses_does_not_stop_the_next(here: Open) -> None:
    message = await shown(here)
    here.slack.fail("chat.update", "fatal_error")
    with pytest.raises(Rejected):
        await here.door.edit(CHANNEL, message.ts, Reply("Lost."))
    await here.door.edit(CHANNEL, message.ts, Reply("Shown."))
    assert message.text == "Shown."


async def test_a_rate_limited_edit_is_made_once_slack_allows_it(here: Open) -> None:
    message = await shown(here)
    here.slack.limit("chat.update", seconds=0)
    await here.door.edit(CHANNEL, message.ts, Reply("Shown."))
    assert message.text == "Shown."
    assert len(here.slack.called("chat.update")) == 2


async def test_where_slack_goes_on_asking_for_patience_it_is_said_for_how_long(here: Open) -> None:
    message = await shown(here)
    here.slack.limit("chat.update", seconds=0, times=2)
    with pytest.raises(Throttled) as throttled:
        await here.door.edit(CHANNEL, message.ts, Reply("Shown."))
    assert throttled.value.seconds == 0


async def test_a_message_that_is_posted_again_under_its_key_is_the_same_one(here: Open) -> None:
    key = "0e0a6a9e-5b1f-5a53-9a3e-1d2f3c4b5a69"
    first = await here.door.post(CHANNEL, WAITING, key=key)
    assert await here.door.post(CHANNEL, WAITING, key=key) == first
    assert len(here.slack.messages) == 1


async def test_every_copy_of_a_topic_is_edited(here: Open) -> None:
    messages = [await shown(here, channel) for channel in ("C1", "C2", "C3")]
    for message in messages:
        await here.notices.shown("REQ-1", Place("slack", message.channel), message.ts, WAITING)
    await here.notices.publish("REQ-1", Reply("Decided."))
    await here.slack.until(lambda: {message.text for message in messages} == {"Decided."})
    assert all(not message.buttons for message in messages)


async def test_a_message_is_posted_without_markup_names_or_previews(here: Open) -> None:
    await here.door.post(CHANNEL, Reply("See https://example.test and @here <!channel>"))
    [body] = here.slack.called("chat.postMessage")
    assert (body["parse"], body["link_names"], body["mrkdwn"]) == ("none", False, False)
    assert (body["unfurl_links"], body["unfurl_media"]) == (False, False)


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived"])
async def test_what_slack_refuses_is_one_clear_sentence(here: Open, code: str) -> None:
    here.slack.fail("chat.postMessage", code)
    with pytest.raises(Rejected) as refused:
        await here.door.post(CHANNEL, Reply("Hello."))
    assert refused.value.text == f"Slack refused it: {code}."


async def test_an_unreachable_slack_is_unreachable(here: Open) -> None:
    here.door._client.base_url = "http://127.0.0.1:9/api/"
    with pytest.raises(Unreachable):
        await here.door.post(CHANNEL, Reply("Hello."))
