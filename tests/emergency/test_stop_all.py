"""Stop-all: two people stop everything, nobody alone, and reading goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.errors import StoreFailed
from bot.model import Probe, Reason, Reply
from bot.ports.control import Halt
from bot.storage.database import Database
from bot.storage.halts import SqlHalts
from tests.emergency.hospital import BREAK, OFFICER, OWNERS, SECURITY, listen
from tests.house import Chat, opened, until
from tests.twins import TwinCi, TwinProber

STOP = 'stop-all --reason "somebody else is in our network"'
LIFT = 'stop-all lift --reason "the network is clean"'
DEPLOY = "deploy portal 1.4.2 to test --reason try"


async def confirmed(chat: Chat, asked: Reply, by: str = OFFICER) -> Reply:
    """Have a second person confirm, and wait until it is done."""
    assert asked.request, asked.text
    reply = await chat.say(f"approve {asked.request}", as_=by)
    await chat.house.engine.wait("carry-out", asked.request, seconds=20)
    return reply


async def test_one_person_alone_stops_nothing(chat: Chat) -> None:
    asked = await chat.say(STOP, as_="commander")
    assert asked.reason is Reason.PENDING_APPROVAL
    own = await chat.say(f"approve {asked.request}", as_="commander")
    assert own.reason is Reason.NOT_AUTHORISED
    assert (await chat.say(DEPLOY)).reason is Reason.OK
    await chat.ended("DEP-1")


async def test_two_people_stop_everything(chat: Chat) -> None:
    await confirmed(chat, await chat.say(STOP))
    refused = await chat.say(DEPLOY)
    assert refused.reason is Reason.HALTED
    assert "engineer, security-officer" in refused.text
    assert (await chat.say("rollback portal test --reason try")).reason is not Reason.OK
    assert chat.ci.deploys == []


async def test_only_those_who_may_confirm_do(chat: Chat) -> None:
    asked = await chat.say(STOP, as_="commander")
    for person in ("engineer", "safety-officer", "service-desk"):
        refused = await chat.say(f"approve {asked.request}", as_=person)
        assert refused.reason is Reason.NOT_AUTHORISED
    card = await chat.card(str(asked.request))
    assert dict(card.fields)["Can confirm"] == (
        "release-manager, release-manager-2, security-officer"
    )
    assert (await chat.say(STOP, as_="service-desk")).reason is Reason.NOT_AUTHORISED


async def test_the_request_is_shown_in_every_channel(chat: Chat) -> None:
    slack, teams = listen(chat)
    await chat.say(STOP, as_="commander")
    await until(lambda: slack.said(SECURITY) and slack.said(OWNERS["pacs"]))
    await until(lambda: teams.said(OWNERS["portal"]))
    assert "STOP EVERYTHING" in slack.said(SECURITY)


async def test_reading_help_and_approving_go_on(chat: Chat) -> None:
    waiting = await chat.say("deploy portal 1.4.2 to production --reason fix")
    await confirmed(chat, await chat.say(STOP, as_="commander"))
    for typed in ("help", "services", "deploy list", "change list", "task list", "whoami"):
        assert (await chat.say(typed)).reason is Reason.OK, typed
    approved = await confirmed(chat, waiting, "release-manager")
    assert "is approved by release-manager" in approved.text
    card = await chat.card(str(waiting.request))
    assert card.reason is Reason.HALTED
    assert chat.ci.deploys == []


async def test_its_status_says_who_and_why_and_what_stands_still(chat: Chat) -> None:
    assert "Nothing is stopped" in (await chat.say("stop-all status")).text
    await confirmed(chat, await chat.say(STOP, as_="commander"))
    status = await chat.say("stop-all status", as_="service-desk")
    assert "commander, security-officer" in status.text
    assert "somebody else is in our network" in status.text
    again = await chat.say(STOP, as_="commander")
    assert again.reason is Reason.DUPLICATE
    deploys = await chat.say("deploy status portal")
    assert deploys.text.startswith("EVERYTHING IS STOPPED: HALT-1")


async def test_lifting_it_takes_two_people_too(chat: Chat) -> None:
    assert (await chat.say(LIFT, as_="commander")).reason is Reason.NOT_FOUND
    await confirmed(chat, await chat.say(STOP, as_="commander"))
    asked = await chat.say(LIFT, as_="commander")
    assert asked.reason is Reason.PENDING_APPROVAL
    assert (await chat.say(DEPLOY)).reason is Reason.HALTED
    await confirmed(chat, asked)
    assert (await chat.say(DEPLOY)).reason is Reason.OK
    await chat.ended("DEP-1")
    card = await chat.card("HALT-1")
    assert "is lifted" in card.text
    assert card.buttons == ()


async def test_it_holds_after_a_restart_and_on_another_replica_at_once(site: Path) -> None:
    ci = TwinCi()
    async with opened(site, ci) as chat:
        other = Database.open(chat.settings.database.get_secret_value())
        try:
            assert await SqlHalts(other).current() is None
            await confirmed(chat, await chat.say(STOP, as_="commander"))
            halt = await SqlHalts(other).current()
        finally:
            other.close()
        assert halt is not None
        assert halt.by == ("commander", OFFICER)
        clock = chat.clock
    async with opened(site, ci, clock) as later:
        assert (await later.say(DEPLOY)).reason is Reason.HALTED


async def test_a_running_deploy_stops_before_its_next_trigger_and_says_so(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, goes_on = asyncio.Event(), asyncio.Event()

    async def version(_prober: TwinProber, _probe: Probe) -> str:
        looked.set()
        await goes_on.wait()
        return "1.4.1"

    monkeypatch.setattr(TwinProber, "version", version)
    assert (await chat.say(DEPLOY)).reason is Reason.OK
    await looked.wait()
    await confirmed(chat, await chat.say(STOP, as_="commander"))
    standing = await chat.say("stop-all status")
    assert standing.table is not None
    assert standing.table.rows[0][:3] == ("DEP-1", "portal", "test")
    goes_on.set()
    ended = await chat.ended("DEP-1")
    assert (await chat.card("DEP-1")).reason is Reason.HALTED
    assert "commander and security-officer" in ended.text
    assert chat.ci.deploys == []


async def test_where_it_can_not_be_told_everything_stands_still(chat: Chat) -> None:
    class Broken:
        async def current(self) -> Halt | None:
            raise StoreFailed("the database failed")

    gate = chat.house.control.gates[0]
    object.__setattr__(gate, "halts", Broken())
    refused = await chat.say(DEPLOY)
    assert refused.reason is Reason.HALTED
    assert "cannot be told" in refused.text


async def test_the_gate_is_the_first(chat: Chat) -> None:
    assert type(chat.house.control.gates[0]).__name__ == "Halted"


async def test_no_glass_is_broken_while_everything_stands_still(chat: Chat) -> None:
    await confirmed(chat, await chat.say(STOP, as_="commander"))
    assert (await chat.say(BREAK, as_="commander")).reason is Reason.HALTED


async def test_break_glass_does_not_pass_it(chat: Chat) -> None:
    await chat.say(BREAK, as_="commander")
    await confirmed(chat, await chat.say(STOP))
    typed = "deploy lab-results 1.4.2 to production --reason now"
    assert (await chat.say(typed, as_="commander")).reason is Reason.HALTED


async def test_patient_data_in_its_reason_goes_no_further(chat: Chat) -> None:
    typed = 'stop-all --reason "MRN: 12345678 was sent to the wrong ward"'
    assert (await chat.say(typed, as_="commander")).reason is Reason.PHI_BLOCKED
