"""Mentions: the same commands, also in threads, each delivered at least once and shown once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.model import AccountKind, Form, Input, Reply, Visibility
from tests.adapters.slack.conftest import Open


async def test_a_mention_in_a_thread_is_answered_there_and_only_to_who_asked(here: Open) -> None:
    answer = await here.slack.mention("ci status lab-results", thread="1700000000.000001")
    assert (answer.status, answer.body) == (200, "")
    whisper = await here.slack.whisper()
    assert (whisper.channel, whisper.thread, whisper.user) == ("C1", "1700000000.000001", "U1")
    assert here.road.said[0].text == "ci status lab-results"
    assert here.road.said[0].place.thread == "1700000000.000001"


async def test_a_public_reply_to_a_mention_stays_in_its_thread(here: Open) -> None:
    reply = Reply("Deploying.", visibility=Visibility.PUBLIC, topic="DEP-1")
    here.road.replies["deploy x"] = reply
    await here.slack.mention("deploy x", thread="1700000000.000001")
    message = await here.slack.message()
    assert message.thread == "1700000000.000001"
    await here.door.close()
    [(place, ref)] = await here.topics.posts("DEP-1")
    assert (place.thread, ref) == ("1700000000.000001", message.ts)


async def test_a_mention_outside_a_thread_is_answered_in_the_channel(here: Open) -> None:
    here.road.replies["deploy x"] = Reply("Deploying.", visibility=Visibility.PUBLIC)
    await here.slack.mention("deploy x")
    assert (await here.slack.message()).thread == ""


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("<@U0BOT> deploy <@U0BOT>-api to test", "deploy <@U0BOT>-api to test"),
        ("<@U0BOT|wardroom>: help", "help"),
        ("<@U0BOT>, help", "help"),
        ("  <@U0BOT>\u00a0help", "help"),
        ("<@U0BOT>", ""),
        ("page <@U9> <@U0BOT> now", "page <@U9> now"),
        ("<@U0BOT> deploy wardroom 1.4.2", "deploy wardroom 1.4.2"),
    ],
)
async def test_only_the_first_mention_of_us_is_dropped(here: Open, typed: str, heard: str) -> None:
    await here.slack.mention("", text=typed)
    assert here.road.said[0].text == heard


async def test_the_same_event_five_times_at_once_is_one_delivery_and_one_message(
    here: Open,
) -> None:
    here.road.replies["deploy x"] = Reply("Deploying.", visibility=Visibility.PUBLIC)
    body = here.slack.mentioned("deploy x", event_id="ignored")
    await asyncio.gather(*(here.slack.send("events_api", dict(body)) for _ in range(5)))
    await here.door.close()
    assert {said.delivery for said in here.road.said} == {f"slack:{body['event_id']}"}
    assert len(here.slack.messages) == 1


async def test_a_slow_event_is_acknowledged_before_it_is_done(here: Open) -> None:
    here.road.gate = asyncio.Event()
    answer = await here.slack.mention("slow")
    assert answer.status == 200
    assert here.slack.whispers == []
    here.road.gate.set()
    assert (await here.slack.whisper()).text == "You said slow"


@pytest.mark.parametrize(
    "event",
    [
        {"edited": {"user": "U1", "ts": "1.2"}},
        {"user": "U0BOT"},
        {"user": "U0BOT", "bot_id": "B0BOT"},
        {"user": "", "bot_id": "B0BOT"},
    ],
    ids=["edited", "our user", "our user as a bot", "our bot"],
)
async def test_our_own_words_and_edited_ones_are_not_run(here: Open, event: dict[str, Any]) -> None:
    answer = await here.slack.mention("deploy x", **event)
    assert answer.status == 200
    assert here.road.said == []


async def test_another_bot_is_heard_as_a_bot_and_never_whispered_to(here: Open) -> None:
    await here.slack.mention("deploy x", user="", bot_id="B7")
    await here.door.close()
    [said] = here.road.said
    assert (said.account.user, said.account.kind) == ("B7", AccountKind.BOT)
    assert here.slack.whispers == []
    assert here.slack.messages == []


async def test_a_form_can_not_open_from_a_mention_so_a_button_is_offered(here: Open) -> None:
    form = Form("deploy", "Deploy", (Input("version", "Version"),))
    here.road.replies["deploy"] = Reply("deploy needs a version.", form=form)
    await here.slack.mention("deploy")
    whisper = await here.slack.whisper()
    await here.slack.press("Fill in the form", whisper)
    view = await here.slack.view()
    assert view["title"]["text"] == "Deploy"


async def test_an_event_that_is_about_nothing_here_is_acknowledged(here: Open) -> None:
    body = here.slack.mentioned("x", type="reaction_added")
    assert (await here.slack.send("events_api", body)).status == 200
    assert here.road.said == []


async def test_who_we_are_is_asked_once_however_many_speak(here: Open) -> None:
    await asyncio.gather(*(here.slack.mention("help") for _ in range(16)))
    await here.slack.whisper(16)
    assert len(here.slack.called("auth.test")) == 1
    assert len(here.slack.called("users.info")) == 1


async def test_who_we_are_is_read_from_the_event_while_slack_can_not_say(here: Open) -> None:
    await here.door._accounts.home()
    here.door._accounts._home = None
    here.slack.fail("auth.test", "fatal_error", times=9)
    await here.slack.mention("", text="<@U0BOT> <@U9> help")
    await here.slack.whisper()
    assert here.road.said[0].text == "<@U9> help"
    assert here.road.said[0].account.kind is AccountKind.EXTERNAL
