"""Slack gets its acknowledgement whatever an integration does, and a retry is no second request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.model import Button, Form, Input, Place, Reason, Reply, Visibility
from tests.adapters.slack.conftest import Open, opened
from tests.adapters.slack.estate import Estate
from tests.fakes.slack import JSON, Acknowledged
from tests.fakes.slack import Slack as FakeSlack

FORM = Form("deploy", "Deploy", (Input("version", "Version"),))
KINDS = ("command", "mention", "press", "question", "submission", "shortcut", "run", "home")


@pytest.fixture
async def hanging(request: pytest.FixtureRequest) -> AsyncIterator[Open]:
    """A door behind which no command and no store ever answers; the parameter is an app token."""
    estate = Estate(gate=asyncio.Event())
    app_token = getattr(request, "param", None)
    async with opened(sources=estate.sources, app_token=app_token) as here:
        if app_token:
            await here.slack.connected()
            here.slack.by_socket = True
        here.road.replies["deploy"] = Reply("Which?", Reason.BAD_INPUT, form=FORM)
        buttons = (Button("Go", "go"), Button("Ask", "ask", asks="reason"))
        await here.door.post(Place("slack", "C1"), Reply("Press.", buttons=buttons))
        await here.slack.say("deploy")
        await here.slack.view()
        await here.slack.choose("run")
        await here.slack.view(2)
        here.road.gate = asyncio.Event()
        yield here
        here.road.gate.set()
        assert estate.gate is not None
        estate.gate.set()


async def send(here: Open, kind: str) -> Acknowledged:
    """Do one thing of a kind."""
    slack = here.slack
    [message] = slack.messages
    form, line = slack.views[:2]
    does: dict[str, Callable[[], Awaitable[Acknowledged]]] = {
        "command": lambda: slack.say("slow"),
        "mention": lambda: slack.mention("slow"),
        "press": lambda: slack.press("Go", message),
        "question": lambda: slack.press("Ask", message),
        "submission": lambda: slack.submit(form, {"version": "1"}),
        "shortcut": lambda: slack.choose("types:slow"),
        "run": lambda: slack.submit(line, {"line": "slow"}),
        "home": slack.open_home,
    }
    return await does[kind]()


@pytest.mark.parametrize("kind", KINDS)
async def test_slack_is_answered_while_the_command_hangs(hanging: Open, kind: str) -> None:
    answer = await send(hanging, kind)
    assert answer.status == 200
    assert hanging.road.gate is not None
    assert not hanging.road.gate.is_set()


@pytest.mark.parametrize("kind", KINDS)
async def test_slack_is_answered_while_slack_itself_does_not_say_who_is_speaking(
    hanging: Open, kind: str
) -> None:
    gate = hanging.slack.hold("users.info")
    hanging.door._accounts.changed("U1")
    answer = await send(hanging, kind)
    assert answer.status == 200
    gate.set()


@pytest.mark.parametrize(
    "hanging", [None, FakeSlack.app_token], indirect=True, ids=["HTTP", "Socket Mode"]
)
async def test_dozens_of_every_kind_hang_and_each_is_answered(hanging: Open) -> None:
    answers = await asyncio.gather(*(send(hanging, kind) for kind in KINDS * 6))
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize("reason", ["http_timeout", "connection_failed"])
async def test_an_event_that_slack_sends_again_is_the_same_delivery(
    here: Open, reason: str
) -> None:
    here.road.replies["deploy x"] = Reply("Deploying.", visibility=Visibility.PUBLIC)
    raw = json.dumps(here.slack.mentioned("deploy x")).encode()
    for number in range(4):
        retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason} if number else {}
        answer = await here.slack.post(raw, JSON, headers=retry)
        assert (answer.status, answer.body) == (200, "")
    await here.door.close()
    assert len({said.delivery for said in here.road.said}) == 1
    assert len(here.slack.messages) == 1


async def test_a_home_that_slack_opens_again_is_drawn_and_nothing_else(here: Open) -> None:
    raw = json.dumps(
        {
            **here.slack.mentioned("x"),
            "event": {"type": "app_home_opened", "user": "U1", "tab": "home"},
        }
    ).encode()
    for number in ("1", "2"):
        assert (
            await here.slack.post(raw, JSON, headers={"X-Slack-Retry-Num": number})
        ).status == 200
    await here.slack.home()
    assert here.road.said == []
