"""A decision that a job waits for at its CI server: not the job's own time, and not for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.model import BuildState, Reason, Stage
from tests.databases import FixedClock
from tests.house import Chat, opened, until
from tests.road.slow_ci import SlowCi

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import Reply

TEST = "deploy portal 1.4.2 to test --reason try"
GATE = Stage("waits on the forge for a reviewer of test (ada)", BuildState.RUNNING, is_gate=True)
SINCE = "waits on the forge for a reviewer of test (ada), since 2026-11-22 12:00 UTC"


@pytest.fixture
def ci() -> SlowCi:
    """A CI server whose jobs wait for a reviewer, beside a job that is queued."""
    return SlowCi(state=BuildState.QUEUED, stages=(GATE, Stage("deploy", BuildState.QUEUED)))


async def waiting(chat: Chat, ci: SlowCi, looks: int) -> Reply:
    """Ask for a deploy, and wait until it was looked at so many times; return its card."""
    begun = await chat.say(TEST)
    assert begun.refs["deploy"] == "DEP-1"
    await until(lambda: ci.looks >= looks)
    return await chat.card("DEP-1")


async def test_the_jobs_own_time_does_not_run_while_it_waits_there(site: Path, ci: SlowCi) -> None:
    async with opened(site, ci, job=0.1) as chat:
        # As many looks as take longer than a job may.
        card = await waiting(chat, ci, 10)
        assert SINCE in str(card.progress)
        ci.is_over = True
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
        deploy = await chat.house.stores.deploys.show("DEP-1")
        assert deploy is not None
        assert [batch.due for batch in deploy.batches] == [None]


async def test_what_nobody_decides_in_time_is_put_to_a_human_and_stays_locked(
    site: Path, ci: SlowCi
) -> None:
    async with opened(site, ci, job=30.0, gate=0.1) as chat:
        await chat.say(TEST)
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "unknown"
        assert f"Build d1 still waits there ({SINCE}). Have it decided" in ended.text
        assert (await chat.say(TEST)).reason is Reason.LOCKED
        said = await chat.say("deploy settle DEP-1 failed --reason 'ada said no'")
        assert said.reason is Reason.OK, said.text


async def test_a_restart_waits_only_for_what_is_left(site: Path, ci: SlowCi) -> None:
    clock = FixedClock()
    async with opened(site, ci, clock, gate=3600.0) as chat:
        await waiting(chat, ci, 3)
    clock.turn(seconds=3000.0)
    async with opened(site, ci, clock, gate=3600.0) as again:
        seen = ci.looks
        await until(lambda: ci.looks > seen)
        assert SINCE in str((await again.card("DEP-1")).progress)
    clock.turn(seconds=601.0)
    async with opened(site, ci, clock, gate=3600.0) as last:
        ended = await last.ended("DEP-1")
        assert (ended.refs["state"], SINCE in ended.text) == ("unknown", True)
        assert len(ci.jobs) == 1


async def test_after_the_decision_the_job_has_its_own_time(site: Path, ci: SlowCi) -> None:
    async with opened(site, ci, job=0.2) as chat:
        await waiting(chat, ci, 3)
        ci.state, ci.stages = BuildState.RUNNING, ()
        ended = await chat.ended("DEP-1")
        assert "The deploy job did not end in time." in ended.text


async def test_an_outage_is_not_waited_out_for_as_long_as_a_decision(
    site: Path, ci: SlowCi
) -> None:
    async with opened(site, ci, job=0.2) as chat:
        await waiting(chat, ci, 3)
        ci.is_down = True
        ended = await chat.ended("DEP-1")
        assert ended.refs["state"] == "unknown"
        assert "the CI server does not answer." in ended.text
