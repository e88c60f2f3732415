"""What is said in a test run is collected, drawn in every way, and refused by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.dispatch.pipeline import Pipeline
from bot.model import Form, Input, Reply, Table
from bot.moments import written
from tests.house import Chat, chat, site
from tests.render.samples import ATTACKS, FULL, hostile, huge
from tests.replies import collect
from tests.replies.collect import COLLECTED, Collector, refusals

__all__ = ["chat", "site"]


@pytest.mark.parametrize("reply", [FULL, huge(), *map(hostile, ATTACKS)])
def test_what_holds_everything_too_much_or_an_attack_is_cut_and_never_refused(
    reply: Reply,
) -> None:
    assert [one for one in refusals(reply) if not one.startswith("plain: ")] == []


@pytest.mark.parametrize("said", ["", " ", "REQ-1", "\u202a", "42"])
def test_a_text_that_says_nothing_is_refused_with_its_reply(said: str) -> None:
    [why] = refusals(Reply(said, table=Table(("a",), (("b",),))))
    assert why.startswith("plain: ")
    assert f"Reply(text={said!r}" in why


def test_a_form_that_a_platform_cannot_show_is_refused() -> None:
    form = Form("deploy", "Deploy", (Input("verb", "Verb"),))
    [why] = refusals(Reply("It needs more.", form=form))
    assert why.startswith("teams: ")


def test_what_differs_in_numbers_alone_is_drawn_once() -> None:
    collector = Collector()
    for minute in range(5):
        at = written(datetime(2026, 11, 22, 9, minute, tzinfo=UTC))
        collector.said.append(Reply(f"REQ-{minute} expires at {at}."))
    assert collector.judge() == []
    assert len(collector.good) == 1


def test_what_was_refused_is_refused_every_time() -> None:
    collector = Collector()
    for _ in range(2):
        collector.said.append(Reply(""))
        assert len(collector.judge()) == 1
    assert collector.judge() == []


async def test_what_the_road_answers_and_the_board_is_given_is_collected(chat: Chat) -> None:
    assert Pipeline.handle.__module__ == Pipeline.__module__, "it looks like what it wraps"
    before = len(COLLECTED.said)
    reply = await chat.say("deploy portal 1.4.2 to production --reason 'new banner'")
    said = COLLECTED.said[before:]
    assert reply in said
    assert len(said) > 1, "the request's card was kept for every place that shows it"
    assert said[-1].request == "REQ-1"


def test_a_test_that_says_what_is_refused_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collect, "COLLECTED", Collector(said=[Reply("")]))
    running = collect.pytest_runtest_call()
    next(running)
    with pytest.raises(AssertionError, match="alone says nothing"):
        running.send(None)
