"""The card of a request that waits says by itself that the build of its commit went red."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.dispatch.cards import CI
from bot.model import BuildState, Reason
from tests.house import opened
from tests.twins import TwinCi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house import Chat

ASKED = "deploy lab-results 1.4.2 to production --reason fix"


async def heard(chat: Chat, state: BuildState, source: str = "buildbot") -> int:
    """Have the build of 1.4.2 be in a state and the CI server say so; return what changed."""
    chat.ci.states["1.4.2"] = state
    chat.house.news.tell(source, ["whatever"])
    return await chat.house.standing.look()


async def ci_of(chat: Chat, request: str | None) -> str:
    return dict((await chat.card(request or "")).fields).get(CI, "")


async def test_red_is_said_and_what_came_before_stays(chat: Chat) -> None:
    asked = await chat.say(ASKED)
    before = await chat.card(asked.request or "")
    assert await ci_of(chat, asked.request) == ""
    assert await heard(chat, BuildState.RED) == 1
    said = await ci_of(chat, asked.request)
    assert said.startswith("red since 2")
    assert said.endswith("UTC (build lab-results-1.4.2)")
    now = await chat.card(asked.request or "")
    assert [field for field in now.fields if field[0] != CI] == list(before.fields)
    assert now.buttons == before.buttons
    events = await chat.events(verb="ci standing")
    assert [event.data["text"] for event in events] == [
        f"CI of what REQ-1 is about is {said.partition(' (')[0]}"
    ]


async def test_it_is_said_once_and_taken_back_when_green_again(chat: Chat) -> None:
    asked = await chat.say(ASKED)
    assert [await heard(chat, BuildState.RED) for _ in range(3)] == [1, 0, 0]
    assert await heard(chat, BuildState.GREEN) == 1
    assert (await ci_of(chat, asked.request)).startswith("green since")
    assert await heard(chat, BuildState.GREEN) == 0


async def test_it_stays_on_the_card_when_somebody_approves_and_nothing_runs(chat: Chat) -> None:
    asked = await chat.say(ASKED)
    await heard(chat, BuildState.RED)
    await chat.say(f"approve {asked.request}", as_="release-manager")
    assert (await ci_of(chat, asked.request)).startswith("red since")
    await chat.say(f"approve {asked.request}", as_="engineer-2")
    await chat.house.engine.wait("carry-out", asked.request or "", seconds=10)
    assert (await chat.card(asked.request or "")).reason is Reason.CI_NOT_GREEN
    assert chat.ci.triggered == []


async def test_what_has_ended_does_not_wait_again(chat: Chat) -> None:
    asked = await chat.say(ASKED)
    await chat.say(f"cancel {asked.request}")
    assert await heard(chat, BuildState.RED) == 0
    card = await chat.card(asked.request or "")
    assert (card.reason, card.buttons) == (Reason.CANCELLED, ())


async def test_a_card_that_an_approval_draws_in_that_moment_is_not_overwritten(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await chat.say(ASKED)
    current = type(chat.house.notices).current

    async def approved_meanwhile(self: object, topic: str) -> object:
        shown = await current(self, topic)  # type: ignore[arg-type] # the notices themselves
        monkeypatch.undo()
        await chat.say(f"approve {asked.request}", as_="release-manager")
        return shown

    monkeypatch.setattr(type(chat.house.notices), "current", approved_meanwhile)
    assert await heard(chat, BuildState.RED) == 0
    fields = dict((await chat.card(asked.request or "")).fields)
    assert "release-manager" in fields["Approved by"]
    assert await chat.house.standing.look() == 1
    fields = dict((await chat.card(asked.request or "")).fields)
    assert "release-manager" in fields["Approved by"]
    assert fields[CI].startswith("red since")


async def test_nothing_is_asked_without_word_nor_for_the_word_of_another_server(
    site: Path,
) -> None:
    ci = TwinCi()
    async with opened(site, ci) as chat:
        asked = await chat.say(ASKED)
        ci.is_down = True
        assert await chat.house.standing.look() == 0
        assert await heard(chat, BuildState.RED, source="gitlab") == 0
        assert await heard(chat, BuildState.RED) == 0
        ci.is_down = False
        assert await ci_of(chat, asked.request) == ""
