"""A deploy that is asked for while its commit is being built: refused, and heard of again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.builds import awaited
from bot.errors import Rejected
from bot.model import BuildState, Reason, Stage, Visibility
from tests.house import opened, until
from tests.road.slow_ci import SlowCi

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from bot.model import Build, Reply
    from tests.house import Chat

ASKED = 'deploy portal 1.4.2 to test --reason "the "new" menu"'.replace('"new"', '\\"new\\"')
BUILD = "portal-1.4.2"


def building() -> SlowCi:
    return SlowCi(
        states={"1.4.2": BuildState.RUNNING}, stages=(Stage("build", BuildState.RUNNING),)
    )


def slow(site: Path, ci: SlowCi) -> AbstractAsyncContextManager[Chat]:
    """Open a house that hears of a build, for it hardly looks by itself."""
    return opened(site, ci, poll=30.0, slowest=30.0, job=60.0)


async def ended(chat: Chat, ci: SlowCi, reply: Reply, end: BuildState) -> Reply:
    """End the build, have the CI server say so, and return the message as it is then."""
    await until(lambda: ci.looks >= 1)
    ci.is_over, ci.end = True, end
    await until(lambda: chat.house.news.tell("buildbot", [BUILD]) >= 1)
    key = reply.topic.rpartition(" ")[2]
    assert await chat.house.engine.wait(awaited.AWAITED, key, seconds=10)
    return await chat.card(reply.topic)


@pytest.mark.parametrize("state", [BuildState.QUEUED, BuildState.RUNNING])
async def test_the_answer_says_how_the_build_stands_and_that_nothing_was_started(
    site: Path, state: BuildState
) -> None:
    async with slow(site, SlowCi(states={"1.4.2": state}, state=state)) as chat:
        reply = await chat.say(ASKED)
    assert (reply.reason, reply.visibility) == (Reason.CI_NOT_GREEN, Visibility.PUBLIC)
    assert f"build {BUILD} is still {state.value}. Nothing was started." in reply.text
    assert "This message will say how it ended." in reply.text


async def test_once_green_it_offers_exactly_what_was_typed_and_starts_nothing(site: Path) -> None:
    ci = building()
    async with slow(site, ci) as chat:
        first = await chat.say(ASKED)
        green = await ended(chat, ci, first, BuildState.GREEN)
        assert f"is green now. Nothing was started. Type `{ASKED}` again." in green.text
        assert green.buttons[0].command == ASKED
        assert ci.triggered == []
        ci.states.clear()
        again = await chat.say(green.buttons[0].command)
        assert again.refs["deploy"] == "DEP-1"
        assert (await chat.house.stores.deploys.show("DEP-1")).reason == 'the "new" menu'  # type: ignore[union-attr] # a None fails it


async def test_once_red_it_names_the_stage_and_the_tests_and_offers_no_deploy(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ci, look = building(), SlowCi.build

    async def with_tests(self: SlowCi, build_id: str) -> Build:
        found = await look(self, build_id)
        broken = (Stage("unit-tests", BuildState.RED),)
        is_red = found.state is BuildState.RED
        return replace(found, stages=broken, failing_tests=("test_menu",)) if is_red else found

    monkeypatch.setattr(SlowCi, "build", with_tests)
    async with slow(site, ci) as chat:
        red = await ended(chat, ci, await chat.say(ASKED), BuildState.RED)
    assert f"build {BUILD} is red in unit-tests: test_menu. Nothing was started." in red.text
    assert [button.command for button in red.buttons] == [f"ci log {BUILD}"]
    assert red.reason is Reason.CI_NOT_GREEN


async def test_since_when_it_runs_is_said_as_soon_as_that_is_known(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ci, look = building(), SlowCi.build

    async def begun(self: SlowCi, build_id: str) -> Build:
        return replace(
            await look(self, build_id), started=datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
        )

    monkeypatch.setattr(SlowCi, "build", begun)
    async with slow(site, ci) as chat:
        first = await chat.say(ASKED)
        while "is still running since 2026-11-22 14:02 UTC." not in first.text:
            await until(lambda: ci.looks >= 1)
            first = await chat.card(first.topic)
        assert "build" in str(first.progress)


async def test_a_restart_goes_on_with_it(site: Path) -> None:
    ci = building()
    async with slow(site, ci) as chat:
        reply = await chat.say(ASKED)
        await until(lambda: ci.looks == 1)
    ci.is_over = True
    async with opened(site, ci) as again:
        key = reply.topic.rpartition(" ")[2]
        assert await again.house.engine.wait(awaited.AWAITED, key, seconds=10)
        assert "is green now" in (await again.card(reply.topic)).text
    assert ci.triggered == []


async def test_the_same_delivery_is_followed_once(site: Path) -> None:
    ci = building()
    async with slow(site, ci) as chat:
        replies = [await chat.say(ASKED, delivery="terminal:once") for _ in range(3)]
        assert {reply.topic for reply in replies} == {replies[0].topic}
        await until(lambda: ci.looks >= 1)
        assert len(chat.house.engine.running(awaited.AWAITED)) == 1
        assert ci.looks == 1


async def test_a_dry_run_promises_nothing(site: Path) -> None:
    async with slow(site, building()) as chat:
        reply = await chat.say(f"{ASKED} --dry-run")
        assert reply.reason is Reason.CI_NOT_GREEN
        assert (reply.topic, reply.visibility) == ("", Visibility.PRIVATE)
        assert "Try again when it is green" in reply.text
        assert chat.house.engine.running(awaited.AWAITED) == frozenset()


async def test_so_many_are_followed_at_once_and_what_is_more_is_not_promised(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaited, "MOST", 1)
    ci = building()
    async with slow(site, ci) as chat:
        await chat.say(ASKED)
        await until(lambda: ci.looks == 1)
        second = await chat.say(ASKED)
    assert (second.reason, second.topic) == (Reason.CI_NOT_GREEN, "")
    assert "This message" not in second.text


async def test_a_build_that_is_gone_is_said_and_not_waited_for(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: SlowCi, __: str) -> Build:
        raise Rejected("the CI server has no such build.")

    monkeypatch.setattr(SlowCi, "build", gone)
    async with slow(site, building()) as chat:
        reply = await chat.say(ASKED)
        key = reply.topic.rpartition(" ")[2]
        assert await chat.house.engine.wait(awaited.AWAITED, key, seconds=10)
        said = (await chat.card(reply.topic)).text
    assert "is not followed any more: the CI server has no such build. Nothing was started." in said


async def test_what_is_red_already_is_refused_as_ever(site: Path) -> None:
    ci = SlowCi(states={"1.4.2": BuildState.RED})
    async with slow(site, ci) as chat:
        reply = await chat.say(ASKED)
    assert (reply.reason, reply.topic) == (Reason.CI_NOT_GREEN, "")
    assert reply.visibility is Visibility.PRIVATE
