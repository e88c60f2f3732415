"""A build that was asked for in chat says in its own message how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.errors import Unreachable
from bot.model import BuildState, Reason
from tests.house import opened, until
from tests.road.slow_ci import SlowCi

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model import Build


async def test_its_message_says_by_itself_how_it_ended(site: Path) -> None:
    ci = SlowCi()
    async with opened(site, ci, poll=30.0, slowest=30.0, job=60.0) as chat:
        asked = await chat.say("ci run portal 1.4.2")
        assert (asked.reason, asked.topic) == (Reason.OK, "Build b1")
        assert "queued" in asked.text
        await until(lambda: ci.looks == 1)
        ci.is_over, ci.end = True, BuildState.RED
        await until(lambda: chat.house.news.tell("buildbot", ["b1"]) == 1)
        await chat.house.engine.wait("build", "b1", seconds=10)
        card = await chat.card("Build b1")
        assert card.text.startswith("Build b1 of portal 1.4.2 is red.")
        assert [button.command for button in card.buttons] == ["ci log b1"]


async def test_it_is_triggered_once_and_followed_again_after_a_restart(site: Path) -> None:
    ci = SlowCi()
    async with opened(site, ci, poll=30.0, slowest=30.0, job=60.0) as chat:
        await chat.say("ci run portal 1.4.2")
        await until(lambda: ci.looks == 1)
    ci.is_over = True
    async with opened(site, ci) as again:
        await again.house.engine.wait("build", "b1", seconds=10)
        assert "is green" in (await again.card("Build b1")).text
    assert len(ci.jobs) == 1


async def test_a_ci_server_that_goes_away_is_said_and_not_waited_for_for_ever(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: SlowCi, __: str) -> Build:
        raise Unreachable("the CI server does not answer.")

    ci = SlowCi()
    async with opened(site, ci, job=0.2) as chat:
        monkeypatch.setattr(SlowCi, "build", silent)
        await chat.say("ci run portal 1.4.2")
        await chat.house.engine.wait("build", "b1", seconds=10)
        said = (await chat.card("Build b1")).text
    assert "is not followed any more" in said
    assert "the CI server does not answer." in said
    assert "`ci log b1`" in said
