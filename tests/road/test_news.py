"""A deploy hears from the CI server that its job has ended; without word it looks less and less."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.model import BuildState, Stage
from bot.news import BuildNews
from tests.house import opened, until
from tests.road.slow_ci import SlowCi

if TYPE_CHECKING:
    from pathlib import Path


async def test_word_from_the_ci_server_ends_the_wait_at_once(site: Path) -> None:
    ci = SlowCi()
    async with opened(site, ci, poll=30.0, slowest=30.0, job=60.0) as chat:
        begun = await chat.say("deploy portal 1.4.2 to test --reason try")
        await until(lambda: ci.looks == 1)
        await asyncio.sleep(0.05)
        ci.is_over = True
        assert ci.looks == 1
        assert chat.house.news.tell("buildbot", [ci.jobs[0].id]) == 1
        assert "succeeded" in (await chat.ended(begun.refs["deploy"])).text


async def test_false_word_changes_nothing_but_the_time_of_the_next_look(site: Path) -> None:
    ci = SlowCi()
    async with opened(site, ci, poll=30.0, slowest=30.0, job=60.0) as chat:
        begun = await chat.say("deploy portal 1.4.2 to test --reason try")
        for looks in (1, 2, 3):
            await until(lambda wanted=looks: ci.looks == wanted)
            await until(lambda: chat.house.news.tell("buildbot", [ci.jobs[0].id]) == 1)
        shown = await chat.say(f"deploy status {begun.refs['deploy']}")
        assert "succeeded" not in shown.text
        ci.is_over = True
        await until(lambda: chat.house.news.tell("buildbot", [ci.jobs[0].id]) == 1)
        await chat.ended(begun.refs["deploy"])


async def test_without_word_it_looks_less_and_less_often_and_sees_the_end(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ci, pauses = SlowCi(), list[float]()

    async def wait(_: BuildNews, __: str, seconds: float) -> bool:
        pauses.append(seconds)
        ci.is_over = len(pauses) == 6
        return False

    monkeypatch.setattr(BuildNews, "wait", wait)
    async with opened(site, ci, poll=1.0, slowest=5.0, job=60.0) as chat:
        begun = await chat.say("deploy portal 1.4.2 to test --reason try")
        assert "succeeded" in (await chat.ended(begun.refs["deploy"])).text
    assert pauses == [1.0, 1.5, 2.25, 3.375, 5.0, 5.0]


async def test_what_a_job_waits_for_over_there_is_shown(site: Path) -> None:
    ci = SlowCi(state=BuildState.QUEUED, stages=(Stage("approval in GitHub", BuildState.QUEUED),))
    async with opened(site, ci, poll=30.0, slowest=30.0, job=60.0) as chat:
        begun = await chat.say("deploy portal 1.4.2 to test --reason try")
        await until(lambda: ci.looks == 1)
        card = await chat.card(begun.refs["deploy"])
        while "approval in GitHub" not in str(card.progress):
            await asyncio.sleep(0.01)
            card = await chat.card(begun.refs["deploy"])
        ci.is_over = True
        await until(lambda: chat.house.news.tell("buildbot", [ci.jobs[0].id]) == 1)
        await chat.ended(begun.refs["deploy"])
