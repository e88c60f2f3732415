"""Messages are edited in place: text and blocks, one a second, the newest one wins."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import Rejected, Unreachable
from bot.model import Button, Place, Reason, Reply, Style
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
    await here.slack.until(lambda: len(message.versions) == 2)
    assert message.text == message.words == "REQ-1 was approved by anna at 10:02 UTC."
    assert message.buttons == {}
    assert {"text", "blocks", "ts", "channel"} <= set(message.versions[1])


async def test_of_many_edits_only_the_first_and_the_newest_are_made(here: Open) -> None:
    message = await shown(here)
    gate = here.slack.hold("chat.update")
    for step in range(20):
        await here.door.edit(CHANNEL, message.ts, Reply(f"Step {step}"))
        await asyncio.sleep(0)
    gate.set()
    await here.slack.until(lambda: message.text == "Step 19")
    assert [version["text"] for version in message.versions[1:]] == ["Step 0", "Step 19"]


async def test_edits_in_one_channel_rest_a_second_and_channels_do_not_wait_for_each_other(
    here: Open,
) -> None:
    gate = here.slack.hold("chat.update")
    first, second, other = [await shown(here, name) for name in ("C1", "C1", "C2")]
    for message in (first, second, other):
        await here.door.edit(Place("slack", message.channel), message.ts, Reply("Done."))
    gate.set()
    await here.slack.until(lambda: all(m.text == "Done." for m in (first, second, other)))
    await here.door.close()
    assert here.rests == [1.0, 1.0, 1.0]


async def test_an_edit_that_slack_refuses_does_not_stop_the_next(here: Open) -> None:
    message = await shown(here)
    here.slack.fail("chat.update", "fatal_error")
    await here.door.edit(CHANNEL, message.ts, Reply("Lost."))
    await here.slack.until(lambda: len(here.slack.called("chat.update")) == 1)
    await here.door.edit(CHANNEL, message.ts, Reply("Shown."))
    await here.slack.until(lambda: message.text == "Shown.")


async def test_a_rate_limited_edit_is_made_once_slack_allows_it(here: Open) -> None:
    message = await shown(here)
    here.slack.limit("chat.update", seconds=0)
    await here.door.edit(CHANNEL, message.ts, Reply("Shown."))
    await here.slack.until(lambda: message.text == "Shown.")
    assert len(here.slack.called("chat.update")) == 2


async def test_closing_the_door_makes_the_edits_that_wait(here: Open) -> None:
    message = await shown(here)
    for step in range(3):
        await here.door.edit(CHANNEL, message.ts, Reply(f"Step {step}"))
    await here.door.close()
    assert message.text == "Step 2"


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


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived", "ratelimited"])
async def test_what_slack_refuses_is_one_clear_sentence(here: Open, code: str) -> None:
    here.slack.fail("chat.postMessage", code)
    with pytest.raises(Rejected) as refused:
        await here.door.post(CHANNEL, Reply("Hello."))
    assert refused.value.text == f"Slack refused it: {code}."


async def test_an_unreachable_slack_is_unreachable(here: Open) -> None:
    here.door._client.base_url = "http://127.0.0.1:9/api/"
    with pytest.raises(Unreachable):
        await here.door.post(CHANNEL, Reply("Hello."))


async def test_an_edit_does_not_hold_up_the_work_it_reports(here: Open) -> None:
    message = await shown(here)
    gate = here.slack.hold("chat.update")
    await here.door.edit(CHANNEL, message.ts, Reply("One.", buttons=(_danger(),)))
    assert len(message.versions) == 1
    gate.set()
    await here.slack.until(lambda: "Roll back" in message.buttons)


def _danger() -> Button:
    return Button("Roll back", "rollback lab-results production", Style.DANGER)
