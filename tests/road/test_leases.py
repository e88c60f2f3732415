"""A deploy that nobody goes on with: the CI server says what came of it, or a human does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.deploys.jobs import TRIGGER
from bot.deploys.journal import correlation
from bot.errors import Conflict
from bot.model import Batch, BatchState, Build, BuildState, Deploy, DeployState, Draft, Kind, Reason
from bot.ports import Life
from bot.storage.locks import SqlLocks
from bot.storage.validations import SqlValidations
from bot.stores.locks import LEASE
from tests.gates.declared import declare
from tests.house import Chat, opened, until
from tests.twins import commit_of

TEST = "deploy portal 1.4.2 to test --reason try it"


async def lost(
    chat: Chat,
    *,
    triggered: bool,
    job: BuildState | None = None,
    batches: tuple[Batch, ...] = (),
) -> Deploy:
    """Keep a deploy whose flow is nowhere, as after a crash that its engine did not survive."""
    begun = Deploy(
        id="",
        service="portal",
        environment="test",
        version="1.4.2",
        commit=commit_of("portal", "1.4.2"),
        requester="engineer",
        reason="try it",
        state=DeployState.STARTED,
        created=chat.clock.now(),
        batches=batches,
    )
    opening = chat.house.stores.deploys.open(begun)
    draft = Draft(kind=Kind.SYSTEM, verb="deploy", correlation="lost", text="")
    recorded = await chat.house.trail.log.append(draft, opening)
    deploy = recorded.results[0]
    assert isinstance(deploy, Deploy)
    exact = correlation(deploy)
    if triggered:
        intent = replace(draft, kind=Kind.EFFECT, verb=TRIGGER, correlation=exact)
        await chat.house.trail.log.append(replace(intent, deploy=deploy.id))
    if job is not None:
        build = Build("d1", "portal", "1.4.2", deploy.commit, job, correlation=exact)
        chat.ci.jobs.append(build)
    return deploy


async def settled(chat: Chat) -> Deploy:
    """Let the lease end and a replica look; returns what became of the deploy."""
    chat.clock.turn(seconds=LEASE.total_seconds() + 1)
    await chat.house.leases.look()
    deploy = await chat.house.stores.deploys.show("DEP-1")
    assert deploy is not None
    return deploy


async def holder(chat: Chat) -> str:
    lock = await SqlLocks(chat.house.database).held("portal", "test")
    return lock.deploy if lock else ""


@pytest.mark.parametrize(
    ("job", "state", "said"),
    [
        (None, DeployState.FAILED, "has no such job: nothing was started"),
        (BuildState.RED, DeployState.FAILED, "d1 ended red"),
        (BuildState.CANCELLED, DeployState.FAILED, "d1 ended cancelled"),
        (BuildState.GREEN, DeployState.FAILED, "nobody probed or validated"),
        (BuildState.UNKNOWN, DeployState.UNKNOWN, "does not say how its job ended"),
        (BuildState.RUNNING, DeployState.STARTED, ""),
        (BuildState.QUEUED, DeployState.STARTED, ""),
    ],
)
async def test_a_lost_deploy_ends_as_the_ci_server_says(
    chat: Chat, job: BuildState | None, state: DeployState, said: str
) -> None:
    await lost(chat, triggered=True, job=job)
    ended = await settled(chat)
    assert (ended.state, said in ended.outcome) == (state, True), ended.outcome
    free = state is DeployState.FAILED
    assert await holder(chat) == ("" if free else "DEP-1")
    again = await chat.say(TEST)
    assert again.reason is (Reason.OK if free else Reason.LOCKED), again.text
    if free:
        await chat.ended("DEP-2")


async def test_what_had_not_begun_is_free_without_asking_anybody(chat: Chat) -> None:
    await lost(chat, triggered=False)
    chat.ci.is_down = True
    ended = await settled(chat)
    assert ended.state is DeployState.FAILED
    assert ended.outcome.endswith("It had not started anything.")
    assert await holder(chat) == ""


async def test_a_ci_server_that_is_down_leaves_it_to_a_human(chat: Chat) -> None:
    await lost(chat, triggered=True)
    chat.ci.is_down = True
    assert (await settled(chat)).state is DeployState.UNKNOWN
    chat.ci.is_down = False
    assert (await settled(chat)).state is DeployState.UNKNOWN
    assert (await chat.say(TEST)).reason is Reason.LOCKED
    said = await chat.say("deploy settle DEP-1 failed --reason 'the job is not there'")
    assert said.reason is Reason.OK, said.text
    assert (await chat.say(TEST)).reason is Reason.OK
    await chat.ended("DEP-2")


async def test_a_job_that_goes_on_keeps_the_lock_until_it_has_ended(chat: Chat) -> None:
    await lost(chat, triggered=True, job=BuildState.RUNNING)
    assert (await settled(chat)).state is DeployState.STARTED
    assert (await settled(chat)).state is DeployState.STARTED
    chat.ci.jobs[0] = replace(chat.ci.jobs[0], state=BuildState.RED)
    assert (await settled(chat)).state is DeployState.FAILED
    ends = await chat.events(deploy="DEP-1", kind="ended")
    assert len(ends) == 1


async def test_nothing_is_settled_before_its_lease_has_ended(chat: Chat) -> None:
    await lost(chat, triggered=False)
    chat.clock.turn(seconds=LEASE.total_seconds() - 1)
    await chat.house.leases.look()
    assert await holder(chat) == "DEP-1"


async def test_a_flow_that_lives_is_answered_for_however_long_it_takes(chat: Chat) -> None:
    chat.ci.hold = asyncio.Event()
    await chat.say(TEST)
    await until(lambda: chat.ci.deploys)
    for _ in range(5):
        assert await chat.house.engine.life("deploy", "DEP-1") is Life.RUNNING
        assert (await settled(chat)).state is DeployState.STARTED
        lock = await SqlLocks(chat.house.database).held("portal", "test")
        assert lock is not None
        assert lock.lease == chat.clock.now() + LEASE
    chat.ci.hold.set()
    assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
    assert await chat.house.engine.life("deploy", "DEP-1") is Life.OVER
    assert chat.house.engine.running("deploy") == frozenset()


async def test_a_flow_that_comes_back_after_it_was_given_up_starts_nothing(chat: Chat) -> None:
    await lost(chat, triggered=False)
    await settled(chat)
    with pytest.raises(Conflict, match="settled without its flow") as refused:
        await chat.house.trail.log.append(
            Draft(kind=Kind.EFFECT, verb=TRIGGER, correlation="late", deploy="DEP-1"),
            chat.house.stores.deploys.holding("DEP-1"),
        )
    assert refused.value.reason is Reason.LOCKED
    # The whole flow, too: it shows how the deploy ended, and asks the CI server for nothing.
    start = chat.house.engine.start("deploy", "DEP-1")
    await chat.house.trail.log.append(
        Draft(kind=Kind.SYSTEM, verb="deploy", correlation="late"), start
    )
    ended = await chat.ended("DEP-1")
    assert ended.refs["state"] == "failed"
    assert chat.ci.deploys == []


async def test_a_settled_deploy_leaves_a_persons_lock_in_place(chat: Chat) -> None:
    await lost(chat, triggered=False)
    assert (await chat.say("lock portal test --reason mine --for 8h")).reason is Reason.OK
    await settled(chat)
    assert await holder(chat) == ""
    assert (await chat.say(TEST, as_="engineer-2")).reason is Reason.LOCKED


@pytest.mark.parametrize(
    ("batch", "job", "state"),
    [
        (BatchState.DONE, BuildState.GREEN, DeployState.NOT_VALIDATED),
        (BatchState.STARTED, BuildState.GREEN, DeployState.FAILED),
        (BatchState.DONE, BuildState.RED, DeployState.FAILED),
    ],
)
async def test_one_that_had_only_to_be_validated_is_not_validated_and_its_owner_is_told(
    site: Path, batch: BatchState, job: BuildState, state: DeployState
) -> None:
    declare(site, "portal", "test", validator={"role": "clinical_safety_officer"})
    async with opened(site) as chat:
        await lost(chat, triggered=True, job=job, batches=(Batch(state=batch),))
        ended = await settled(chat)
        assert ended.state is state, ended.outcome
        assert await holder(chat) == ""
        told = await chat.house.notices.current("UNVALIDATED-DEP-1")
        assert (told is not None) is (state is DeployState.NOT_VALIDATED)
        if told is not None:
            assert "Its flow was lost" in told.text
            late = await chat.say("deploy validate DEP-1 ok --note looked", as_="safety-officer")
            assert late.reason is Reason.OK, late.text


async def test_one_that_waits_for_its_validator_needs_no_replica_of_its_own(site: Path) -> None:
    declare(site, "portal", "test", validator={"role": "clinical_safety_officer"})
    async with opened(site) as chat:
        await lost(chat, triggered=True, job=BuildState.GREEN)
        waits = SqlValidations(chat.house.database).begin(
            "DEP-1", chat.clock.now() + LEASE, outcome="it waits"
        )
        draft = Draft(kind=Kind.SYSTEM, verb="deploy validation", correlation="lost")
        await chat.house.trail.log.append(draft, waits)
        assert (await settled(chat)).state is DeployState.VALIDATING
        await chat.house.control.validation.look()
        assert (await settled(chat)).state is DeployState.NOT_VALIDATED
        assert await chat.card("UNVALIDATED-DEP-1")
        assert await holder(chat) == ""
