"""Right before the trigger everything is asked again: what does not hold any more stops it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.model import DeployState, Reason
from tests.house import Chat

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.model import Probe

ASK = "deploy portal 1.4.2 to production --reason now"
FREEZE = 'freeze add "ward move" --until "in 4h" --environment production --reason "wards move"'


async def before_the_trigger(chat: Chat, then: Callable[[], Awaitable[object]]) -> None:
    """Approve a production deploy, and have something happen between its start and its trigger."""
    version, happened = chat.ci.resolve, asyncio.Event()

    async def look(*args: object, **named: object) -> str:
        deploys = await chat.house.stores.deploys.list(running=True)
        if deploys and not happened.is_set():
            happened.set()
            await then()
        return await version(*args, **named)  # type: ignore[arg-type] # the twin's own

    chat.ci.resolve = look  # type: ignore[method-assign] # turned by this test
    await chat.say(ASK)
    await chat.say("approve REQ-1", as_="release-manager")
    await chat.house.engine.wait("deploy", "DEP-1", seconds=20)
    assert happened.is_set()


async def is_stopped(chat: Chat, reason: Reason) -> str:
    """Check that nothing ran and that everybody can read why; returns the sentence."""
    deploy = await chat.house.stores.deploys.show("DEP-1")
    assert deploy is not None
    assert (deploy.state, deploy.stop) == (DeployState.STOPPED, reason), deploy.outcome
    assert chat.ci.triggered == []
    card = await chat.card("REQ-1")
    assert card.reason is reason
    assert deploy.outcome in card.text
    assert (await chat.say("change show CHG-1")).refs["result"] == "not_implemented"
    (event,) = await chat.events(deploy="DEP-1", kind="ended")
    assert event.data["reason"] == reason.value
    assert await chat.events(deploy="DEP-1", verb="deploy trigger") == []
    return deploy.outcome


async def test_a_tag_that_moved_between_approval_and_trigger_is_refused(chat: Chat) -> None:
    async def move() -> None:
        chat.ci.moved["portal", "1.4.2"] = "f" * 40

    await before_the_trigger(chat, move)
    assert "moved the tag" in await is_stopped(chat, Reason.SUPERSEDED)


async def test_a_freeze_added_while_a_deploy_waits_stops_it_at_the_trigger(chat: Chat) -> None:
    async def freeze() -> None:
        added = await chat.say(FREEZE, as_="release-manager")
        assert added.reason is Reason.OK, added.text

    await before_the_trigger(chat, freeze)
    assert "ward move" in await is_stopped(chat, Reason.FROZEN)


async def test_a_stop_all_between_approval_and_trigger_is_seen(chat: Chat) -> None:
    async def halt() -> None:
        asked = await chat.say("stop-all --reason the network is on fire", as_="commander")
        await chat.say(f"approve {asked.request}", as_="release-manager-2")

    await before_the_trigger(chat, halt)
    await is_stopped(chat, Reason.HALTED)


async def test_a_build_that_turned_red_between_approval_and_trigger_is_seen(chat: Chat) -> None:
    async def turn() -> None:
        from_ = chat.ci.states
        from_["1.4.2"] = from_["1.5.0"]

    await before_the_trigger(chat, turn)
    await is_stopped(chat, Reason.CI_NOT_GREEN)


async def test_a_deploy_aborted_before_its_trigger_starts_nothing(chat: Chat) -> None:
    version, aborted = chat.prober.version, asyncio.Event()

    async def look(probe: Probe) -> str:
        if not aborted.is_set():
            aborted.set()
            said = await chat.say("deploy abort DEP-1 --reason wrong night", as_="engineer-2")
            assert said.reason is Reason.OK, said.text
        return await version(probe)

    chat.prober.version = look  # type: ignore[method-assign] # turned by this test
    await chat.say(ASK)
    await chat.say("approve REQ-1", as_="release-manager")
    await chat.house.engine.wait("deploy", "DEP-1", seconds=20)
    assert "wrong night" in await is_stopped(chat, Reason.CANCELLED)
