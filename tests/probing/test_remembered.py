"""What a house remembers of its probes, as people ask for it, and whom it tells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.model import Endpoint, Finding, Place, Reason, Reply, Standing
from bot.model.samples import Sample
from bot.probing.sampler import Sampler
from tests.databases import NOON, FixedClock
from tests.house import Chat, opened
from tests.twins import TwinProber

NAK = Finding(Standing.FAILED, "answers AE", "AE", {"why": "nak", "milliseconds": "12"})
SERVICES = ("lab-results", "portal", "pacs")
DAY = timedelta(days=1)
Open = Callable[..., AbstractAsyncContextManager[Chat]]


@dataclass
class Counting(TwinProber):
    """A twin that notes whom it asks; what it finds is not kept."""

    asked: list[str] = field(default_factory=list)

    async def ask(self, endpoint: Endpoint) -> Finding:
        self.asked.append(endpoint.name)
        return await super().ask(endpoint)


@pytest.fixture
def house(site: Path) -> Open:
    """Open a house whose services have two endpoints each."""
    file = site.parent / "services.yaml"
    services = json.loads(file.read_text())
    services.append({**json.loads(json.dumps(services[0])), "id": "labels"})
    for service in services:
        for environment in service["environments"].values():
            environment["endpoints"] = []
        service["environments"]["production"]["endpoints"] = [
            {"name": f"{service['id']}-{word}", "kind": "tcp", "host": "127.0.0.1", "port": 9}
            for word in ("in", "out")
        ]
    file.write_text(json.dumps(services))
    document = json.loads(site.read_text())

    def settle(probes: dict[str, object]) -> None:
        site.write_text(json.dumps({**document, "probes": probes}))

    @asynccontextmanager
    async def open_house(clock: FixedClock | None = None, **probes: object) -> AsyncIterator[Chat]:
        settle(probes)
        async with opened(site, clock=clock) as chat:
            yield chat

    return open_house


def sampler(chat: Chat) -> Sampler:
    found = chat.house.probes.sampler
    assert found is not None
    return found


async def minutes(chat: Chat, count: int) -> None:
    """Let so many minutes pass, with a look in each; then one that tells."""
    for _ in range(count):
        chat.clock.turn(minutes=1)
        await sampler(chat).look()
        await sampler(chat).over()
    await sampler(chat).telling.look()


async def turns(chat: Chat) -> list[Reply]:
    """Return the messages about turns, oldest first."""
    found = []
    for event in await chat.events(verb="probe turn"):
        params = event.data["params"]
        assert isinstance(params, dict)
        topic = str(event.data["correlation"]).replace("probe turn ", "")
        name, _, since = topic.rpartition(" ")
        stamp = since.replace("-", "").replace(":", "")
        found.append(await chat.card(f"probe-{name}-{stamp}"))
    return found


async def test_what_somebody_asked_is_remembered_and_drawn(house: Open) -> None:
    async with house() as chat:
        assert chat.house.probes.sampler is None
        unasked = await chat.say("probe history lab-results-in")
        assert "was not asked in the last 7 days: `probe tcp lab-results-in`" in unasked.text
        await chat.say("probe tcp lab-results-in")
        chat.clock.turn(hours=30)
        chat.prober.findings["lab-results-in"] = NAK
        await chat.say("probe all lab-results")
        reply = await chat.say("probe history lab-results-in --days 3", as_="service-desk")
        assert reply.text == (
            "lab-results-in (tcp, lab-results) was asked 2 times in the last 3 days: "
            "1 passed, 1 failed."
        )
        assert reply.code.splitlines()[0].endswith("x")
        fields = dict(reply.fields)
        assert fields["Stands"] == "failed since 2026-11-23 18:00 UTC, passed before"
        assert "9 findings in 3 weeks" in fields["Usual now"]
        assert (reply.refs["standing"], reply.refs["failed"]) == ("failed", "1")
        day = await chat.say("probe history lab-results-in --days 1")
        assert dict(day.fields)["Stands"] == "failed all the time"
        assert (await chat.say("probe history lab-inn")).reason is Reason.NOT_FOUND
        assert (await chat.say("probe history lab-results-in --days 0")).reason is Reason.BAD_INPUT


async def test_a_probe_says_what_is_usual_where_it_is_not(house: Open) -> None:
    async with house() as chat:
        for week in range(1, 5):
            for minute in range(4):
                at = NOON - timedelta(weeks=week) + timedelta(minutes=minute)
                kept = Sample("portal-in", at, Standing.PASSED, 40, "", {"idle_seconds": "40"})
                await chat.house.probes.samples.keep(kept)
        as_usual = await chat.say("probe tcp portal-in")
        assert as_usual.refs["usual_ms"] == "40"
        assert "usual" not in as_usual.text
        slow = {"milliseconds": "900", "idle_seconds": "40"}
        chat.prober.findings["portal-in"] = Finding(Standing.PASSED, "is well", "", slow)
        assert "It took 900 ms; usual now 40 ms." in (await chat.say("probe tcp portal-in")).text
        silent = {"milliseconds": "30", "idle_seconds": "840"}
        chat.prober.findings["portal-in"] = Finding(Standing.PASSED, "is well", "", silent)
        chat.clock.turn(seconds=1)
        reply = await chat.say("probe tcp portal-in")
        assert reply.text.endswith("Nothing for 14 min; usual gap now 40 s.")
        assert reply.refs["usual_gap_seconds"] == "40"
        trend = await chat.say("probe history portal-in")
        assert dict(trend.fields)["Usual now"] == "40 s, 95 of 100 at most 40 s"


async def test_a_turn_is_told_once_after_two_findings_and_so_is_the_recovery(house: Open) -> None:
    async with house(every_seconds=60, channel="slack:C1") as chat:
        chat.prober.findings["pacs-in"] = NAK
        await minutes(chat, 1)
        assert await turns(chat) == []
        await minutes(chat, 3)
        [failed] = await turns(chat)
        assert failed.text == (
            "pacs in production: pacs-in (tcp) has failed since 2026-11-22 12:01 UTC (nak). "
            "`probe tcp pacs-in` asks it now."
        )
        [letter] = await chat.house.stores.letters.waiting(["slack"])
        assert letter.place == Place("slack", "C1")
        del chat.prober.findings["pacs-in"]
        await minutes(chat, 2)
        _, well = await turns(chat)
        assert well.text == "pacs in production: pacs-in (tcp) is well again, after 4 min."
        # What was only asked stands in no event: a sample is no action.
        assert not await chat.events(verb="probe")


async def test_one_bad_finding_among_good_ones_is_no_turn(house: Open) -> None:
    async with house(every_seconds=60) as chat:
        for _ in range(3):
            chat.prober.findings["pacs-in"] = NAK
            await minutes(chat, 1)
            del chat.prober.findings["pacs-in"]
            await minutes(chat, 1)
        assert await turns(chat) == []


async def test_a_service_turns_in_one_message_and_many_services_in_one_too(house: Open) -> None:
    async with house(every_seconds=60, after=1) as chat:
        chat.prober.findings |= {"pacs-in": NAK, "pacs-out": NAK, "portal-in": NAK}
        await minutes(chat, 1)
        said = [reply.text for reply in await turns(chat)]
        assert min(said) == "pacs in production: 2 failed."
        assert len(said) == 2
        every = ("lab-results-in", "labels-in")
        chat.prober.findings |= dict.fromkeys(every, NAK)
        for name in ("pacs-in", "pacs-out", "portal-in"):
            del chat.prober.findings[name]
        await minutes(chat, 1)
        last = (await turns(chat))[-1]
        assert last.text == "4 services: 2 failed, 3 well again."
        assert last.table is not None
        assert len(last.table.rows) == 5


async def test_of_two_replicas_one_asks_and_one_tells(house: Open) -> None:
    async with house(every_seconds=60, after=1) as chat:
        chat.prober.findings["pacs-in"] = NAK
        counting = Counting(chat.ci, chat.prober.findings)
        other = replace(sampler(chat), prober=counting)
        chat.clock.turn(minutes=1)
        await asyncio.gather(other.look(), sampler(chat).look())
        await asyncio.gather(other.over(), sampler(chat).over())
        kept = await chat.house.probes.samples.between("pacs-in", [(NOON, NOON + DAY)])
        assert len(kept) + counting.asked.count("pacs-in") == 1
        await asyncio.gather(other.telling.look(), sampler(chat).telling.look())
        assert len(await turns(chat)) == 1


async def test_what_is_old_is_forgotten(house: Open) -> None:
    async with house(keep_days=1) as chat:
        await chat.say("probe tcp pacs-in")
        chat.clock.turn(days=2)
        await chat.house.probes.forget()
        assert "was not asked" in (await chat.say("probe history pacs-in")).text
