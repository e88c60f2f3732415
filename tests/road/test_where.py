"""Which version is where, who holds what: what is asked now beside what is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from bot.errors import Unreachable
from bot.model import Probe, Reason, Reply
from tests.house import Chat
from tests.twins import TwinProber


def row(reply: Reply, environment: str) -> Mapping[str, str]:
    """Return what a line of the table says, by column."""
    assert reply.table is not None
    found = next(one for one in reply.table.rows if one[0] == environment)
    return dict(zip(reply.table.columns, found, strict=True))


async def test_a_version_that_nothing_of_ours_put_there_is_said_as_it_answers(chat: Chat) -> None:
    shown = await chat.say("deploy where portal", as_="service-desk")
    assert shown.text == "portal: test runs 1.4.1; production runs 1.4.1."
    assert row(shown, "test") == {
        "Environment": "test",
        "Runs now": "1.4.1",
        "Recorded": "nothing from here",
        "Held by": "",
        "Frozen": "",
        "Planned": "",
    }


async def test_what_was_deployed_is_named_with_its_deploy_and_since_when(chat: Chat) -> None:
    await chat.say("deploy portal 1.4.2 to test --reason try it")
    await chat.ended("DEP-1")
    shown = await chat.say("deploy where portal")
    assert row(shown, "test")["Recorded"] == "1.4.2 since 2026-11-22 12:00 UTC by DEP-1"
    assert row(shown, "test")["Runs now"] == "1.4.2"
    assert row(shown, "production")["Recorded"] == "nothing from here"


async def test_a_version_that_differs_from_the_record_is_said(chat: Chat) -> None:
    await chat.say("deploy portal 1.4.2 to test --reason try it")
    await chat.ended("DEP-1")
    chat.ci.running["portal", "test"] = "1.4.1"
    shown = await chat.say("deploy where portal")
    assert "test runs 1.4.1, which is not the recorded 1.4.2" in shown.text


async def test_a_deploy_that_failed_after_it_is_named_as_a_doubt(chat: Chat) -> None:
    for version in ("1.4.2", "1.4.3"):
        await chat.say(f"deploy portal {version} to test --reason try it")
        await chat.house.engine.wait("deploy", "DEP-1", seconds=20)
    await chat.ended("DEP-2")
    shown = await chat.say("deploy where portal")
    assert row(shown, "test")["Recorded"] == (
        "1.4.2 since 2026-11-22 12:00 UTC by DEP-1 (DEP-2 after it is failed)"
    )


async def test_a_probe_that_does_not_answer_is_said_and_nothing_guessed(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_prober: TwinProber, _probe: Probe) -> str:
        raise Unreachable("the service did not answer in time.")

    monkeypatch.setattr(TwinProber, "version", silent)
    shown = await chat.say("deploy where portal")
    assert shown.reason is Reason.OK
    assert row(shown, "test")["Runs now"] == "not known (the service did not answer in time)"


async def test_who_holds_it_is_said_with_why_and_until_when(chat: Chat) -> None:
    chat.ci.hold = asyncio.Event()
    await chat.say("lock portal test --reason 'load test' --for 1h")
    await chat.say("deploy portal 1.4.2 to test --reason try it")
    shown = await chat.say("deploy where portal")
    assert row(shown, "test")["Held by"] == (
        "engineer until 2026-11-22 13:00 UTC: load test, and DEP-1"
    )
    assert row(shown, "production")["Held by"] == ""
    chat.ci.hold.set()
    await chat.ended("DEP-1")
    chat.clock.turn(hours=1)
    assert row(await chat.say("deploy where portal"), "test")["Held by"] == ""
