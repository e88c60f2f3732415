"""No record, no action."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import yaml

from bot.engines import Engines
from bot.errors import AuditUnavailable
from bot.model import Reason, Risk
from tests.engines.twin import LAB, TwinEngine
from tests.house import Chat, opened

CHANNEL = {"name": "lab-in-channel", "kind": "engine", "engine": "main", "channel": LAB.name}
TEST = "deploy portal 1.4.2 to test --reason try it"


async def test_every_command_has_an_intent_and_an_outcome(site: Path) -> None:
    everything = '["engineer", "administrator", "auditor", "break_glass"]'
    people = site.with_name("people.yaml")
    people.write_text(people.read_text().replace('["engineer"]', everything, 1))
    services = yaml.safe_load(site.with_name("services.yaml").read_text())
    services[0]["environments"]["production"]["endpoints"] = [CHANNEL]
    site.with_name("services.yaml").write_text(yaml.safe_dump(services))
    engines = Engines({"main": TwinEngine()}, settles=0.02, poll=0.01)
    async with opened(site, engines=engines) as chat:
        await chat.say("change open portal test --summary s --impact i --backout b")
        for command in chat.house.commands.commands:
            if command.name == "deploy settle":
                continue
            text = command.examples[0].replace("DEP-3", "DEP-1").replace("REQ-12", "REQ-1")
            reply = await chat.say(text)
            ended = reply.reason.value
            pair = [
                event.data["kind"]
                for event in await chat.events(verb=command.name)
                if event.data["kind"] in ("intent", "outcome") and "actor" in event.data
            ]
            assert pair[-2:] == ["intent", "outcome"], (command.name, ended, pair)


async def test_a_log_that_cannot_be_written_stops_every_action(chat: Chat) -> None:
    append = chat.house.trail.log.append
    chat.house.trail.log.append = broken  # type: ignore[method-assign,assignment] # the disk is full
    for text in (TEST, "ci run portal 1.4.2", "cancel REQ-1", f"{TEST} --dry-run"):
        reply = await chat.say(text, delivery=f"terminal:{text}")
        assert reply.reason is Reason.AUDIT_UNAVAILABLE, text
        assert "Nothing was run" in reply.text
        assert "wardroom doctor" in reply.text
    chat.house.trail.log.append = append  # type: ignore[method-assign] # there is room again
    assert chat.ci.deploys == []
    assert chat.ci.jobs == []
    again = await chat.say(TEST, delivery=f"terminal:{TEST}")
    assert again.refs["deploy"] == "DEP-1", "the same delivery may be tried again"
    await chat.ended("DEP-1")


async def test_where_log_and_spool_fail_nothing_is_answered(chat: Chat) -> None:
    async def full(*_args: object) -> None:
        raise AuditUnavailable("no room is left for the spool")

    spool = chat.house.trail.records.spool
    assert spool is not None
    chat.house.trail.log.append = broken  # type: ignore[method-assign,assignment] # the disk is full
    spool.keep = full  # type: ignore[method-assign,assignment] # it is the same disk
    for text in (TEST, "ci status portal", "help", "depoly"):
        assert (await chat.say(text)).reason is Reason.AUDIT_UNAVAILABLE, text


async def broken(*_args: object, **_within: object) -> None:
    raise AuditUnavailable("the disk is full")


async def test_a_database_that_stays_locked_refuses_and_recovers(site: Path) -> None:
    async with opened(site) as chat:
        assert (await chat.say("ci status portal")).reason is Reason.OK
        # Another process holds the write lock for longer than the deadline.
        blocker = sqlite3.connect(site.parent / "wardroom.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        reply = await chat.say(TEST)
        assert reply.reason is Reason.AUDIT_UNAVAILABLE, reply.text
        assert chat.ci.deploys == []
        blocker.execute("ROLLBACK")
        blocker.close()
        for _ in range(100):
            reply = await chat.say(TEST)
            if reply.reason is Reason.OK:
                break
            await asyncio.sleep(0.05)
        assert reply.refs["deploy"] == "DEP-1"
        await chat.ended("DEP-1")


async def test_reading_the_log_is_in_the_log(chat: Chat) -> None:
    await chat.say("audit search portal", as_="security-officer")
    (event,) = await chat.events(verb="audit search", kind="outcome")
    params = event.data["params"]
    assert isinstance(params, dict)
    assert list(params) == ["_sd"], "what was looked for is there, as a digest"


async def test_only_reads_are_private(chat: Chat) -> None:
    for command in chat.house.commands.commands:
        if command.risk is Risk.READ:
            reply = await chat.say(command.examples[0])
            assert reply.visibility == "private", command.name


async def test_a_database_that_does_not_answer_is_said_and_recorded(chat: Chat, site: Path) -> None:
    with sqlite3.connect(site.parent / "wardroom.db") as beside:
        beside.execute("ALTER TABLE deploys RENAME TO lost")
    reply = await chat.say("deploy list")
    assert reply.reason is Reason.UNAVAILABLE
    assert reply.text.startswith("The database did not answer (ref ")
    (last,) = [e for e in await chat.events(verb="deploy list") if e.data["kind"] == "outcome"]
    assert str(last.data["error"]).startswith("StoreFailed at ")
    assert "no such table" not in last.body.decode(), "no word of the database's own"
