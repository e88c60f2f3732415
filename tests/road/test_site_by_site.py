"""Deploys that go site by site: the order, the hold, what a failure puts back, who may stop it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.deploys.jobs import Jobs
from bot.deploys.journal import changed
from bot.deploys.sight import Sight
from bot.deploys.smoke import Smoke
from bot.deploys.undoing import Undo
from bot.errors import StoreFailed, Unreachable
from bot.model import Batch, BatchState, Deploy, DeployState, Draft, Kind, Reason, StepState
from tests.house import QUICK, Chat, opened, until
from tests.road.sites import with_sites

ASK = "deploy portal 1.4.2 to test --reason try it"


async def shown(chat: Chat, deploy_id: str = "DEP-1") -> Deploy:
    """Return a deploy's row."""
    deploy = await chat.house.stores.deploys.show(deploy_id)
    assert deploy is not None
    return deploy


async def holding(chat: Chat, deploy_id: str = "DEP-1") -> Deploy:
    """Wait until a deploy holds its first batch; returns its row."""
    for _ in range(500):
        deploy = await shown(chat, deploy_id)
        if deploy.batches[0].due is not None or deploy.finished is not None:
            return deploy
        await asyncio.sleep(0.02)
    raise AssertionError("it never held")


@pytest.fixture
def sites(site: Path) -> Path:
    return with_sites(site)


async def test_the_canary_goes_first_and_the_others_follow_after_the_hold(sites: Path) -> None:
    async with opened(sites) as chat:
        await chat.say(ASK)
        held = await holding(chat)
        assert chat.ci.triggered == [("1.4.2", ("clinics",))]
        assert [batch.state for batch in held.batches] == [BatchState.DONE, BatchState.WAITING]
        chat.clock.turn(minutes=11)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "succeeded", ended.text
        assert chat.ci.triggered == [("1.4.2", ("clinics",)), ("1.4.2", ("main",))]
        labels = [step.label for step in ended.progress]
        assert labels.index("clinics: hold, then probe again") < labels.index("main: deploy job")
        assert {step.state for step in ended.progress} == {StepState.DONE}
        where = await chat.house.stores.deploys.where("portal", "test")
        assert [(one.site, one.version, one.is_certain) for one in where] == [
            ("clinics", "1.4.2", True),
            ("main", "1.4.2", True),
        ]


@pytest.mark.thorough
async def test_each_batch_is_an_effect_with_a_correlation_of_its_own(sites: Path) -> None:
    async with opened(sites) as chat:
        await chat.say(ASK)
        await holding(chat)
        chat.clock.turn(minutes=11)
        await chat.ended("DEP-1")
        effects = await chat.events(verb="deploy trigger", kind="effect", deploy="DEP-1")
        assert len({event.data["correlation"] for event in effects}) == 2
        assert [dict(event.data["params"])["sites"] for event in effects] == [  # type: ignore[arg-type] # recorded as an object
            "clinics",
            "main",
        ]


async def test_a_canary_that_fails_is_rolled_back_and_the_other_site_is_not_touched(
    sites: Path,
) -> None:
    async with opened(sites) as chat:
        chat.ci.sick.add("test/clinics")
        await chat.say(ASK)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "failed"
        assert chat.ci.triggered == [("1.4.2", ("clinics",)), ("1.4.1", ("clinics",))]
        assert "clinics was rolled back and runs 1.4.1 again." in ended.text
        assert "main was not touched and runs 1.4.1." in ended.text


@pytest.mark.thorough
async def test_a_fault_that_shows_in_the_hold_rolls_back(sites: Path) -> None:
    async with opened(sites) as chat:
        await chat.say(ASK)
        await holding(chat)
        chat.ci.running["portal", "test/clinics"] = "0.0.0"
        chat.clock.turn(minutes=11)
        ended = await chat.ended("DEP-1")
        assert "at the end of the hold" in ended.text
        assert (await shown(chat)).batches[0].state is BatchState.ROLLED_BACK
        assert chat.ci.running["portal", "test/clinics"] == "1.4.1"


@pytest.mark.thorough
async def test_a_second_batch_that_fails_rolls_both_back_the_last_one_first(sites: Path) -> None:
    async with opened(sites) as chat:
        chat.ci.sick.add("test/main")
        await chat.say(ASK)
        await holding(chat)
        chat.clock.turn(minutes=11)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "failed"
        assert chat.ci.triggered[2:] == [("1.4.1", ("main",)), ("1.4.1", ("clinics",))]


@pytest.mark.thorough
async def test_a_rollback_that_cannot_be_seen_leaves_it_to_a_human(sites: Path) -> None:
    async with opened(sites) as chat:
        chat.ci.sick.add("test/clinics")
        deploy = chat.ci.deploy

        async def lost(*args: object, **named: object) -> object:
            if args[1] == "1.4.1":
                chat.ci.is_down = True
            return await deploy(*args, **named)  # type: ignore[arg-type] # the twin's own

        chat.ci.deploy = lost  # type: ignore[method-assign,assignment] # turned by this test
        await chat.say(ASK)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "unknown", ended.text
        assert "What clinics runs is not known." in ended.text
        chat.ci.is_down = False
        assert (await chat.say(ASK)).reason is Reason.LOCKED


async def test_an_abort_in_the_hold_stops_there_and_offers_the_rollback(sites: Path) -> None:
    async with opened(sites) as chat:
        await chat.say(ASK)
        await holding(chat)
        said = await chat.say("deploy abort DEP-1 --reason wrong night")
        assert said.reason is Reason.OK, said.text
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "stopped"
        assert "wrong night" in ended.text
        assert "clinics runs 1.4.2." in ended.text
        assert chat.ci.triggered == [("1.4.2", ("clinics",))]
        (button,) = (await chat.card("DEP-1")).buttons
        back = await chat.say(button.command)
        assert back.title == "Roll back portal 1.4.1 to test", back.text
        assert (await chat.ended("DEP-2")).refs["state"] == "succeeded"
        assert chat.ci.triggered[1:] == [("1.4.1", ("clinics",))]


@pytest.mark.thorough
async def test_an_abort_while_the_job_runs_watches_it_to_its_end(sites: Path) -> None:
    async with opened(sites) as chat:
        chat.ci.hold = asyncio.Event()
        await chat.say(ASK)
        await until(lambda: chat.ci.jobs)
        await chat.say("deploy abort DEP-1 --reason wrong night")
        assert (await shown(chat)).finished is None
        chat.ci.hold.set()
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "stopped"
        assert "clinics runs 1.4.2." in ended.text
        assert len(chat.ci.triggered) == 1


@pytest.mark.thorough
async def test_a_pause_outlives_a_restart_and_resume_goes_on(sites: Path) -> None:
    async with opened(sites) as chat:
        await chat.say(ASK)
        await holding(chat)
        assert (await chat.say("deploy pause DEP-1 --reason the ward calls")).reason is Reason.OK
        buttons = [button.label for button in (await chat.card("DEP-1")).buttons]
        assert buttons == ["Resume", "Abort"]
        ci, clock = chat.ci, chat.clock
        clock.turn(minutes=11)
    async with opened(sites, ci, clock) as chat:
        await asyncio.sleep(0.3)
        assert (await shown(chat)).finished is None
        assert ci.triggered == [("1.4.2", ("clinics",))]
        assert (await chat.say("deploy resume DEP-1")).reason is Reason.OK
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
        assert ci.triggered == [("1.4.2", ("clinics",)), ("1.4.2", ("main",))]


async def test_only_deployers_and_whoever_asked_or_approved_may_steer(sites: Path) -> None:
    async with opened(sites) as chat:
        await chat.say(ASK)
        await holding(chat)
        refused = await chat.say("deploy abort DEP-1 --reason no", as_="service-desk")
        assert refused.reason is Reason.NOT_AUTHORISED
        assert (await chat.say("deploy pause DEP-1", as_="release-manager")).reason is Reason.OK
        told = await chat.events(verb="deploy pause", person="release-manager")
        assert told
        await chat.say("deploy abort DEP-1 --reason enough")
        await chat.ended("DEP-1")


@pytest.mark.thorough
async def test_a_trigger_of_a_batch_that_got_no_answer_is_looked_up(sites: Path) -> None:
    async with opened(sites) as chat:
        await chat.say(ASK)
        await holding(chat)
        deploy = chat.ci.deploy

        async def silent(*args: object, **named: object) -> None:
            await deploy(*args, **named)  # type: ignore[arg-type] # the twin's own arguments
            raise Unreachable("the CI server did not answer in time.")

        chat.ci.deploy = silent  # type: ignore[method-assign,assignment] # turned by this test
        chat.clock.turn(minutes=11)
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
        assert chat.ci.triggered == [("1.4.2", ("clinics",)), ("1.4.2", ("main",))]


@pytest.mark.thorough
async def test_a_stop_all_in_the_hold_ends_it_there(sites: Path) -> None:
    async with opened(sites) as chat:
        await chat.say(ASK)
        await holding(chat)
        asked = await chat.say("stop-all --reason the network is on fire", as_="commander")
        assert asked.request, asked.text
        await chat.say(f"approve {asked.request}", as_="release-manager")
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "stopped", ended.text
        assert chat.ci.triggered == [("1.4.2", ("clinics",))]
        assert (await shown(chat)).stop is Reason.HALTED


def undo(chat: Chat) -> Undo:
    """Return the stage that rolls back, of this house."""
    journal = chat.house.control.validation.journal
    smoke = Smoke(journal, Sight(chat.prober), QUICK)
    return Undo(Jobs(journal, chat.ci, QUICK, chat.house.news), smoke, None)


async def kept(chat: Chat, state: BatchState, ended: DeployState | None = None) -> None:
    """Keep DEP-1, which has got as far as that at the clinics."""
    batch = Batch(("clinics",), before=(("clinics", "1.4.1"),))
    begun = Deploy(
        id="",
        service="portal",
        environment="test",
        version="1.4.2",
        commit="c" * 40,
        requester="engineer",
        reason="try it",
        state=DeployState.STARTED,
        created=chat.clock.now(),
        batches=(batch, Batch(("main",))),
    )
    store, log = chat.house.stores.deploys, chat.house.trail.log
    draft = Draft(kind=Kind.SYSTEM, verb="deploy", correlation="kept", text="")
    (deploy,) = (await log.append(draft, store.open(begun))).results
    assert isinstance(deploy, Deploy)
    batches = changed(deploy, 0, replace(batch, state=state))
    await log.append(draft, store.note("DEP-1", batches=batches))
    if ended is not None:
        await log.append(draft, store.end("DEP-1", ended, outcome="", at=chat.clock.now()))


async def test_a_rollback_that_was_not_seen_is_not_known_when_it_is_asked_again(
    sites: Path,
) -> None:
    async with opened(sites) as chat:
        await kept(chat, BatchState.UNKNOWN)
        assert (await undo(chat)("DEP-1", 0))["state"] == "unknown"
        assert chat.ci.triggered == []


async def test_a_flow_that_lost_its_environment_rolls_nothing_back(sites: Path) -> None:
    async with opened(sites) as chat:
        await kept(chat, BatchState.FAILED, DeployState.FAILED)
        made = await undo(chat)("DEP-1", 0)
        assert (made["state"], "settled without its flow" in str(made["text"])) == ("stopped", True)
        assert chat.ci.triggered == []


async def test_a_database_that_is_silent_for_a_moment_costs_no_deploy(
    sites: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(sites) as chat:
        halts, failures = chat.house.control.emergency.halts, [StoreFailed("gone"), None]
        current = type(halts).current

        async def once(self: object) -> object:
            if failures:
                failure = failures.pop()
                if failure is not None:
                    raise failure
            return await current(self)  # type: ignore[arg-type] # the store's own

        await chat.say(ASK)
        await holding(chat)
        monkeypatch.setattr(type(halts), "current", once)
        await until(lambda: not failures)
        chat.clock.turn(minutes=11)
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
