"""Socket Mode: the same door, over a connection that we open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.model import Button, Form, Input, Reason, Reply, Visibility
from tests.adapters.slack.conftest import Open, opened
from tests.fakes.slack import Slack as FakeSlack


@pytest.fixture
async def wired() -> AsyncIterator[Open]:
    """An open door that has connected to Slack."""
    async with opened(app_token=FakeSlack.app_token) as here:
        await here.slack.connected()
        here.slack.by_socket = True
        yield here


async def test_a_command_is_answered_in_its_acknowledgement(wired: Open) -> None:
    answer = await wired.slack.say("help")
    assert answer.json["response_type"] == "ephemeral"
    assert answer.json["text"] == "You said help"


async def test_mentions_presses_and_forms_work_as_over_http(wired: Open) -> None:
    form = Form("deploy", "Deploy", (Input("version", "Version"),))
    buttons = (Button("Go on", "deploy"),)
    wired.road.replies["hello"] = Reply("Hi.", buttons=buttons, visibility=Visibility.PUBLIC)
    wired.road.replies["deploy"] = Reply("Which?", Reason.BAD_INPUT, form=form)
    await wired.slack.mention("hello")
    await wired.slack.press("Go on", await wired.slack.message())
    view = await wired.slack.view()
    answer = await wired.slack.submit(view, {"version": "1.4.2"})
    assert answer.json["response_action"] == "errors"
    assert wired.road.said[-1].fields == {"version": "1.4.2"}


async def test_a_slow_command_is_acknowledged_and_answered_later(wired: Open) -> None:
    wired.road.gate = asyncio.Event()
    assert (await wired.slack.say("slow")).json["text"] == "Working on it."
    wired.road.gate.set()
    assert (await wired.slack.answer()).text == "You said slow"


async def test_an_envelope_that_comes_again_is_the_same_delivery(wired: Open) -> None:
    body = wired.slack.command("deploy x")
    for _ in range(2):
        await wired.slack.send("slash_commands", body)
    assert len({said.delivery for said in wired.road.said}) == 1


async def test_the_connection_is_opened_with_the_app_token_and_again_when_slack_hangs_up(
    wired: Open,
) -> None:
    await wired.slack.hang_up()
    await wired.slack.connected()
    assert (await wired.slack.say("help")).json["text"] == "You said help"
    tokens = [call.token for call in wired.slack.calls if call.method == "apps.connections.open"]
    assert tokens == [FakeSlack.app_token] * 2


async def test_a_door_closes_while_it_can_not_connect() -> None:
    async with opened(app_token="xapp-not-the-one") as here:
        await here.slack.until(lambda: bool(here.slack.called("apps.connections.open")))
