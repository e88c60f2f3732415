"""Locks that people take: who is kept out, who passes, how each one ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.audit.matching import at
from bot.model import Account, Place, Reason
from bot.storage.locks import SqlLocks
from tests.house import Chat, opened, write_site

LOCK = 'lock portal test --reason "load test"'
DEPLOY = "deploy portal 1.4.2 to test --reason try it"


async def test_a_lock_keeps_others_from_deploying_and_from_rolling_back(chat: Chat) -> None:
    await chat.say(DEPLOY)
    await chat.ended("DEP-1")
    taken = await chat.say(LOCK, as_="engineer-2")
    assert taken.reason is Reason.OK, taken.text
    assert "until 2026-11-22 14:00 UTC" in taken.text
    for text in (DEPLOY, "rollback portal test --reason it is ugly", f"{DEPLOY} --dry-run"):
        refused = await chat.say(text)
        assert refused.reason is Reason.LOCKED, refused.text
        assert "engineer-2 has locked test of portal" in refused.text
        assert "until 2026-11-22 14:00 UTC" in refused.text
    assert chat.ci.deploys == ["DEP-1"]


async def test_its_owner_deploys_under_it_and_the_card_and_the_store_name_it(chat: Chat) -> None:
    await chat.say(LOCK)
    reply = await chat.say(DEPLOY)
    assert reply.reason is Reason.OK, reply.text
    assert ("Under the lock", "engineer's, until 2026-11-22 14:00 UTC") in reply.fields
    await chat.ended("DEP-1")
    # The deploy is over, and the lock is still there.
    assert (await chat.say(DEPLOY, as_="engineer-2")).reason is Reason.LOCKED


async def test_another_environment_and_another_service_are_free(chat: Chat) -> None:
    await chat.say('lock portal production --reason "night shift"', as_="engineer-2")
    await chat.say('lock pacs test --reason "night shift"', as_="engineer-2")
    assert (await chat.say(DEPLOY)).reason is Reason.OK
    await chat.ended("DEP-1")


async def test_a_lock_taken_while_a_request_waits_stops_it_when_it_is_approved(chat: Chat) -> None:
    asked = await chat.say("deploy portal 1.4.2 to production --reason try it")
    await chat.say('lock portal production --reason "wait"', as_="release-manager-2")
    await chat.say(f"approve {asked.request}", as_="release-manager")
    card = await chat.card("REQ-1")
    assert card.reason is Reason.LOCKED
    assert "release-manager-2 has locked production of portal" in card.text
    assert chat.ci.deploys == []


async def test_who_holds_it_is_named_to_whoever_wants_it_too(chat: Chat) -> None:
    await chat.say(LOCK)
    second = await chat.say(LOCK, as_="engineer-2")
    assert second.reason is Reason.LOCKED
    assert "engineer has locked test of portal until 2026-11-22 14:00 UTC" in second.text


async def test_a_lock_is_not_taken_while_somebody_elses_deploy_runs(chat: Chat) -> None:
    chat.ci.hold = asyncio.Event()
    await chat.say(DEPLOY)
    second = await chat.say(LOCK, as_="engineer-2")
    assert second.reason is Reason.LOCKED
    assert "DEP-1" in second.text
    # Its requester may: what they lock is still theirs when it has ended.
    assert (await chat.say(LOCK)).reason is Reason.OK
    chat.ci.hold.set()
    await chat.ended("DEP-1")
    assert (await chat.say(DEPLOY, as_="engineer-2")).reason is Reason.LOCKED


async def test_the_owner_holds_it_on_and_opens_it(chat: Chat) -> None:
    await chat.say(LOCK)
    again = await chat.say("lock portal test --reason longer --for 8h")
    assert "until 2026-11-22 20:00 UTC" in again.text
    listed = await chat.say("lock list")
    assert listed.table is not None
    assert listed.table.rows == (("portal", "test", "engineer", "2026-11-22 20:00 UTC", "longer"),)
    assert (await chat.say("unlock portal test")).reason is Reason.OK
    assert (await chat.say("lock list")).table is None
    assert (await chat.say("unlock portal test")).reason is Reason.NOT_FOUND


@pytest.mark.parametrize("lasts", ["0m", "25h", "1d", "soon", "", "h", "24h1m"])
async def test_a_length_that_is_none_or_too_long_is_refused(chat: Chat, lasts: str) -> None:
    refused = await chat.say(f'lock portal test --reason why --for "{lasts}"')
    assert refused.reason is Reason.BAD_INPUT
    assert (await chat.say("lock list")).table is None


@pytest.mark.parametrize(
    ("lasts", "until"),
    [("90m", "13:30"), ("1h30m", "13:30"), ("1h 5min", "13:05"), ("24H", "12:00")],
)
async def test_a_length_is_hours_and_minutes(chat: Chat, lasts: str, until: str) -> None:
    taken = await chat.say(f'lock portal test --reason why --for "{lasts}"')
    assert f" {until} UTC" in taken.text


async def test_an_expired_lock_stops_nobody_even_before_its_end_was_recorded(
    site: Path,
) -> None:
    async with opened(site) as chat:
        await chat.say(LOCK, as_="engineer-2")
        chat.clock.turn(hours=2)
        assert (await chat.say("lock list")).table is None
        assert (await chat.say("unlock portal test")).reason is Reason.NOT_FOUND
        assert (await chat.say(DEPLOY)).reason is Reason.OK
        ended = await chat.ended("DEP-1")
        assert "Under the lock" not in dict(ended.fields)
        # The deploy did not wipe it out: its end is an event of its own.
        assert len(await chat.events(verb="lock expiry")) == 0
        assert await chat.house.control.locks.expire_due() == 1
        assert await chat.house.control.locks.expire_due() == 0
        (event,) = await chat.events(verb="lock expiry", reason="expired")
        assert at(event.data, ("params", "owner")) == "engineer-2"


async def test_an_expired_lock_is_ended_before_the_next_one_begins(chat: Chat) -> None:
    await chat.say(LOCK, as_="engineer-2")
    chat.clock.turn(hours=2)
    rehearsed = await chat.say(f"{LOCK} --dry-run")
    assert rehearsed.reason is Reason.OK, rehearsed.text
    assert await chat.events(verb="lock expiry") == []
    assert (await chat.say(LOCK)).reason is Reason.OK
    (expiry,) = await chat.events(verb="lock expiry")
    taken = (await chat.events(verb="lock", kind="outcome"))[-1]
    assert expiry.seq < taken.seq


async def test_somebody_elses_lock_needs_a_role_and_a_reason(chat: Chat) -> None:
    await chat.say(LOCK)
    refused = await chat.say("unlock portal test --reason hurry", as_="engineer-2")
    assert refused.reason is Reason.NOT_AUTHORISED
    assert "unlocker" in refused.text
    silent = await chat.say("unlock portal test", as_="commander")
    assert silent.reason is Reason.BAD_INPUT
    assert "--reason" in silent.text
    assert (await chat.say(DEPLOY, as_="engineer-2")).reason is Reason.LOCKED
    opened_it = await chat.say("unlock portal test --reason hurry", as_="commander")
    assert opened_it.reason is Reason.OK, opened_it.text
    assert (await chat.say(DEPLOY, as_="engineer-2")).reason is Reason.OK
    await chat.ended("DEP-1")
    (event,) = await chat.told(verb="unlock", kind="outcome", reason="ok")
    assert at(event.data, ("actor", "person")) == "commander"
    assert at(event.data, ("params", "reason")) == "hurry"


async def test_the_owner_is_told_who_unlocked_it_and_why_in_the_channels_and_in_private(
    tmp_path: Path, launched_url: str
) -> None:
    file = write_site(tmp_path, launched_url)
    services = (tmp_path / "services.yaml").read_text()
    (tmp_path / "services.yaml").write_text(
        services.replace('"id": "portal",', '"id": "portal", "channels": ["slack:C0PORTAL"],')
    )
    async with opened(file) as chat:
        kept: list[Place] = []
        promise = chat.house.notices.promise

        def watched(topic: str, place: Place, *, by_door: bool = False) -> object:
            kept.append(place)
            return promise(topic, place, by_door=by_door)

        desk = chat.house.control.locks
        notices = replace(chat.house.notices)
        notices.promise = watched  # type: ignore[method-assign, assignment] # only to look
        object.__setattr__(desk, "notices", notices)
        await chat.say(LOCK)
        await chat.say("unlock portal test --reason hurry", as_="commander")
        assert kept == [Place("slack", "C0PORTAL"), Place("slack", "U0001")]
        told = await chat.card("LOCK-portal-test-20261122T120000")
        assert told.text == (
            "engineer: commander unlocked test of portal, which you had locked until "
            "2026-11-22 14:00 UTC. Reason: hurry"
        )


async def test_a_lock_outlives_a_restart(site: Path) -> None:
    async with opened(site) as chat:
        await chat.say(LOCK, as_="engineer-2")
    async with opened(site) as chat:
        assert (await chat.say(DEPLOY)).reason is Reason.LOCKED


async def test_of_many_who_lock_at_once_one_does(chat: Chat) -> None:
    people = ["engineer", "engineer-2", "release-manager", "release-manager-2", "commander"]
    replies = await asyncio.gather(*(chat.say(LOCK, as_=person) for person in people))
    assert sorted(r.reason.value for r in replies) == ["locked"] * 4 + ["ok"]


async def test_a_lock_and_a_deploy_at_once_let_one_of_them_in(chat: Chat) -> None:
    chat.ci.hold = asyncio.Event()
    deployed, locked = await asyncio.gather(chat.say(DEPLOY), chat.say(LOCK, as_="engineer-2"))
    assert sorted(r.reason.value for r in (deployed, locked)) == ["locked", "ok"]
    chat.ci.hold.set()
    if deployed.reason is Reason.OK:
        await chat.ended("DEP-1")


async def test_the_reason_is_in_no_record_in_the_clear(chat: Chat) -> None:
    await chat.say(LOCK)
    await chat.say("lock list")
    await chat.say(DEPLOY, as_="engineer-2")
    await chat.say("unlock portal test --reason 'zebra hurry'", as_="commander")
    for event in await chat.events():
        assert b"load test" not in event.body
        assert b"zebra" not in event.body


async def test_who_only_reads_can_list_and_not_lock(chat: Chat) -> None:
    assert (await chat.say("lock list", as_="service-desk")).reason is Reason.OK
    assert (await chat.say(LOCK, as_="service-desk")).reason is Reason.NOT_AUTHORISED
    assert (await chat.say("unlock portal test", as_="service-desk")).reason is (
        Reason.NOT_AUTHORISED
    )


async def test_the_same_human_owns_it_from_another_account(chat: Chat) -> None:
    await chat.say(LOCK)
    slack = Account("slack", "U0001", "T0001")
    assert (await chat.say("unlock portal test", account=slack)).reason is Reason.OK
    assert await SqlLocks(chat.house.database).held("portal", "test") is None
