"""Searches that people keep: each their own, typed by a button, and recorded."""

from __future__ import annotations

from bot.model import Reason, Reply
from tests.house import Chat


def names(reply: Reply) -> list[str]:
    return [] if reply.table is None else [row[0] for row in reply.table.rows]


async def test_a_search_is_kept_shown_run_by_its_button_and_dropped(chat: Chat) -> None:
    await chat.say("deploy list")
    kept = await chat.say('audit save Lists verb:"deploy list" -outcome:denied since:7d')
    assert kept.reason is Reason.OK
    shown = await chat.say("audit saved")
    assert names(shown) == ["lists"]
    found = await chat.say(shown.buttons[0].command)
    assert "2 events" in found.text
    one = await chat.say("audit saved lists")
    assert one.text == "One search."
    assert one.buttons == shown.buttons
    await chat.say("audit save lists by:engineer")
    assert "by:engineer" in (await chat.say("audit saved")).buttons[0].command
    assert (await chat.say("audit unsave lists")).reason is Reason.OK
    assert names(await chat.say("audit saved")) == []
    assert (await chat.say("audit unsave lists")).reason is Reason.NOT_FOUND
    assert (await chat.say("audit saved lists")).reason is Reason.NOT_FOUND


async def test_nobody_sees_or_drops_anothers(chat: Chat) -> None:
    await chat.say("audit save mine by:engineer")
    assert names(await chat.say("audit saved", as_="release-manager")) == []
    assert (await chat.say("audit unsave mine", as_="release-manager")).reason is Reason.NOT_FOUND
    await chat.say("audit save mine since:1d", as_="release-manager")
    assert "by:engineer" in (await chat.say("audit saved")).buttons[0].command


async def test_what_makes_no_search_is_not_kept(chat: Chat) -> None:
    for wrong in ("audit save x re*", "audit save x", "audit save a/b by:engineer"):
        assert (await chat.say(wrong)).reason is Reason.BAD_INPUT, wrong
    assert names(await chat.say("audit saved")) == []


async def test_keeping_and_dropping_are_in_the_log(chat: Chat) -> None:
    await chat.say("audit save mine by:engineer")
    await chat.say("audit unsave mine")
    for verb in ("audit save", "audit unsave"):
        assert "2 events" in (await chat.say(f'audit search verb:"{verb}"')).text
