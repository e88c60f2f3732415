"""Once?: a delivery that comes again gets the first answer and has no second effect."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.model import Reason
from tests.house import Chat, opened

ASK = "deploy portal 1.4.2 to test --reason try it"


async def test_five_concurrent_deliveries_cause_one_effect_and_one_record(chat: Chat) -> None:
    replies = await asyncio.gather(*(chat.say(ASK, delivery="slack:Ev1") for _ in range(5)))

    assert {reply.refs["deploy"] for reply in replies} == {"DEP-1"}
    await chat.ended("DEP-1")
    assert chat.ci.deploys == ["DEP-1"]
    asked = await chat.events(verb="deploy", person="engineer", kind="intent")
    assert len(asked) == 1


async def test_a_delivery_that_comes_again_after_a_restart_gets_the_first_answer(
    site: Path,
) -> None:
    async with opened(site) as chat:
        first = await chat.say(ASK, delivery="slack:Ev1")
        await chat.ended("DEP-1")
    async with opened(site) as chat:
        again = await chat.say(ASK, delivery="slack:Ev1")
        assert again == first
        assert chat.ci.deploys == []
        assert len(await chat.events(verb="deploy", kind="intent")) == 1


async def test_a_refusal_that_is_delivered_again_is_recorded_once(chat: Chat) -> None:
    for _ in range(3):
        reply = await chat.say("depoly portal", delivery="slack:Ev2")
        assert reply.reason is Reason.UNKNOWN_COMMAND
    assert len(await chat.events(kind="refused")) == 1


async def test_a_caller_that_hangs_up_does_not_cut_the_work_in_half(chat: Chat) -> None:
    asking = asyncio.create_task(chat.say(ASK, delivery="web:1"))
    await asyncio.sleep(0)
    asking.cancel()
    reply = await chat.say(ASK, delivery="web:1")
    assert reply.refs["deploy"] == "DEP-1"
    assert len(await chat.events(verb="deploy", kind="intent")) == 1
