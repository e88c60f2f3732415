"""A deploy and its change request at ServiceNow, from the question to the closed ticket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.app import build, running
from bot.ground import Outside
from bot.model import TicketState
from bot.settings import load
from tests.databases import POLL_SECONDS, FixedClock
from tests.house import QUICK, Chat
from tests.tickets.house_of_tickets import DEPLOY, brought, housed
from tests.twins import TwinCi, TwinProber

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import Build


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the follower look when a test says so."""
    monkeypatch.setattr("bot.tickets.follower.Follower.start", lambda _: None)


async def test_a_deploy_opens_moves_and_closes_its_ticket(site: Path) -> None:
    async with housed(site) as (chat, instance):
        asked = await chat.say(DEPLOY)
        number = asked.refs["change"]
        pending = await chat.say(f"change show {number}")
        assert ("Ticket", "pending at ServiceNow") in pending.fields
        await brought(chat)
        (theirs,) = instance.numbers()
        shown = await chat.say(f"change show {number}")
        assert instance.state(theirs) is TicketState(shown.refs["state"])
        assert shown.refs["ticket"] == theirs
        assert dict(shown.fields)["Ticket"].startswith(f"ServiceNow {theirs}, ")
        done = await chat.say(f"approve {asked.request}", as_="release-manager")
        ended = await chat.ended(done.refs["deploy"])
        assert "succeeded" in ended.text
        await brought(chat)
        assert instance.state(theirs) is TicketState.CLOSED
        record = instance.record(theirs)
        assert record["close_code"] == "successful"
        assert done.refs["deploy"] in record["close_notes"]
        assert len(instance.numbers()) == 1
        events = await chat.events(change=number, verb="ticket open")
        assert [event.data["text"] for event in events] == [f"ServiceNow has {theirs} for {number}"]


async def test_the_card_of_a_deploy_names_its_ticket(site: Path) -> None:
    async with housed(site) as (chat, instance):
        asked = await chat.say(DEPLOY)
        await brought(chat)
        done = await chat.say(f"approve {asked.request}", as_="release-manager")
        await chat.ended(done.refs["deploy"])
        card = await chat.card(asked.request or "")
        assert instance.numbers()[0] in dict(card.fields)["Ticket"]


async def test_a_ticket_that_is_cancelled_there_stops_the_deploy_here(site: Path) -> None:
    async with housed(site) as (chat, instance):
        asked = await chat.say(DEPLOY)
        await brought(chat)
        instance.cancel(instance.numbers()[0])
        await brought(chat)
        number = asked.refs["change"]
        (event,) = await chat.events(change=number, verb="ticket cancel")
        assert str(event.data["text"]).startswith("by ServiceNow: ")
        approved = await chat.say(f"approve {asked.request}", as_="release-manager")
        said = approved
        if "deploy" in approved.refs:
            said = await chat.ended(approved.refs["deploy"])
        assert chat.ci.deploys == []
        assert "was cancelled" in said.text or "is cancelled" in said.text, said.text
        shown = await chat.say(f"change show {number}")
        assert shown.refs["state"] == "cancelled"


async def test_a_deploy_under_way_is_told_and_not_stopped(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with housed(site) as (chat, instance):
        asked = await chat.say(DEPLOY)
        await brought(chat)
        runs, ask = asyncio.Event(), chat.ci.build

        async def slow(build_id: str) -> Build:
            await runs.wait()
            return await ask(build_id)

        monkeypatch.setattr(chat.ci, "build", slow)
        done = await chat.say(f"approve {asked.request}", as_="release-manager")
        deploy = done.refs["deploy"]
        await started(chat, deploy)
        instance.cancel(instance.numbers()[0])
        await brought(chat)
        card = await chat.card(f"{asked.refs['change']} ticket")
        assert f"{deploy} is under way and goes on" in card.text
        runs.set()
        ended = await chat.ended(deploy)
        assert "succeeded" in ended.text


async def started(chat: Chat, deploy: str) -> None:
    """Wait until a deploy's job runs."""
    for _ in range(500):
        found = await chat.house.stores.deploys.show(deploy)
        if found is not None and found.build:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never began")


async def test_without_a_ticket_system_a_change_says_nothing_of_tickets(site: Path) -> None:
    settings, ci, clock = load(site, {}), TwinCi(), FixedClock()
    prober = TwinProber(ci)
    outside = Outside(ci, prober, clock, QUICK, POLL_SECONDS)
    async with running(build(settings, outside)) as house:
        chat = Chat(house, ci, clock, settings, prober)
        asked = await chat.say(DEPLOY)
        shown = await chat.say(f"change show {asked.refs['change']}")
        assert "Ticket" not in dict(shown.fields)
        assert house.tickets is None
