"""A ticket that was given up is shown, named, and tried again: never a second one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import Reason
from tests.tickets.house_of_tickets import DEPLOY, brought, housed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house import Chat


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the follower look when a test says so."""
    monkeypatch.setattr("bot.tickets.follower.Follower.start", lambda _: None)


async def given_up(chat: Chat) -> None:
    """Let a day of refusals pass."""
    follower = chat.house.tickets
    assert follower is not None
    for _ in range(30):
        await follower.round()
        chat.clock.turn(hours=1.1)
    await follower.round()


async def test_a_ticket_says_how_it_stands(site: Path) -> None:
    async with housed(site) as (chat, instance):
        number = (await chat.say(DEPLOY)).refs["change"]
        pending = await chat.say(f"change ticket {number}")
        assert pending.text == f"{number}: pending at ServiceNow."
        assert dict(pending.fields)["Up to date"] == "no"
        await brought(chat)
        there = await chat.say(f"change ticket {number}")
        fields = dict(there.fields)
        assert fields["Number there"] == instance.numbers()[0] == there.refs["ticket"]
        assert fields["Up to date"] == "yes"
        assert fields["Found by"] == instance.record(fields["Number there"])["correlation_id"]
        assert (await chat.say("change ticket CHG-99")).reason is Reason.NOT_FOUND


async def test_a_given_up_ticket_is_named_and_tried_again_once(site: Path) -> None:
    async with housed(site) as (chat, instance):
        number = (await chat.say(DEPLOY)).refs["change"]
        instance.line.refuses = True
        await given_up(chat)
        shown = await chat.say(f"change ticket {number}")
        assert f"`change retry {number}`" in shown.text
        assert dict(shown.fields)["Why"]
        assert int(dict(shown.fields)["Tries"]) > 3
        assert "Next try" not in dict(shown.fields)
        assert f"Tickets given up: {number};" in (await chat.say("outbox list")).text
        assert chat.house.tickets is not None
        assert "`outbox list` names them" in chat.house.tickets.trouble

        instance.line.refuses = False
        for _ in range(2):
            said = await chat.say(f"change retry {number}", as_="release-manager")
            assert said.reason is Reason.OK, said.text
        await brought(chat)
        assert len(instance.numbers()) == 1
        assert "Tickets given up" not in (await chat.say("outbox list")).text
        assert chat.house.tickets.trouble == ""
        assert len(await chat.events(verb="change retry", person="release-manager")) >= 2
        nothing = await chat.say(f"change retry {number}", as_="release-manager")
        assert nothing.text.startswith("There is nothing to try: ServiceNow CHG")


async def test_a_retry_looks_for_a_ticket_whose_answer_was_lost(site: Path) -> None:
    async with housed(site) as (chat, instance):
        number = (await chat.say(DEPLOY)).refs["change"]
        instance.line.loses = 1
        follower = chat.house.tickets
        assert follower is not None
        await follower.round()
        assert len(instance.numbers()) == 1
        await chat.say(f"change retry {number}", as_="release-manager")
        await brought(chat)
        assert len(instance.numbers()) == instance.line.asked_to_open == 1


async def test_who_only_reads_cannot_retry(site: Path) -> None:
    async with housed(site) as (chat, _):
        number = (await chat.say(DEPLOY)).refs["change"]
        said = await chat.say(f"change retry {number}", as_="service-desk")
        assert said.reason is Reason.NOT_AUTHORISED
