"""Home in Block Kit: within a hundred blocks, and nobody's text acts in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.models.views import View

from bot.model import Button, Style
from bot.render.home import Entry, Page, Section, home
from tests.render.block_reading import LIVE, check_part, obey, walk
from tests.render.samples import ATTACKS

AT = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
APPROVE = Button("Approve", "approve REQ-1 --proposal 4f2a", Style.PRIMARY)
REJECT = Button("Reject", "reject REQ-1", asks="reason")
WAITING = Entry("Deploy pacs 1.4.2 to production?", "REQ-1, asked by anna.", AT, (APPROVE, REJECT))


def check(view: Any) -> None:
    """Check a Home tab as Slack does."""
    view = json.loads(json.dumps(view))
    assert 0 < len(view["blocks"]) <= 100
    View(**view).validate_json()
    for part in walk(view["blocks"]):
        check_part(part)
    obey("view.schema.json", view)


def section(*entries: Entry) -> Section:
    """Return a section of entries."""
    return Section("Waiting for your decision", entries, "Nothing waits for you.", "approvals")


def words(view: Any) -> str:
    """Return everything that a Home tab says."""
    return "\n".join(p["text"] for p in walk(view["blocks"]) if isinstance(p.get("text"), str))


def test_a_page_says_what_waits_until_when_and_what_can_be_done() -> None:
    view = home(
        Page("Hello Anna.", (Button("Deploy a version", "deploy"),), (section(WAITING),)),
        console_url="https://console.test/",
    )
    check(view)
    said = words(view)
    for part in ("Hello Anna.", "Waiting for your decision", WAITING.title, WAITING.details):
        assert part in said
    buttons = {p["text"]["text"]: p for p in walk(view["blocks"]) if p.get("type") == "button"}
    assert buttons["Deploy a version"]["value"] == "deploy"
    assert buttons["Approve"]["value"] == APPROVE.command
    assert buttons["Reject"]["action_id"] == "asks:1:reason"
    [link] = [p for p in walk(view["blocks"]) if p.get("type") == "link"]
    assert link["url"] == "https://console.test/"


def test_a_time_is_shown_in_the_readers_own_zone() -> None:
    view = home(Page("Hello.", sections=(section(WAITING),)))
    [date] = [p for p in walk(view["blocks"]) if p.get("type") == "date"]
    assert date["timestamp"] == int(AT.timestamp())
    assert date["fallback"] == "2026-03-02 14:05 UTC"


def test_a_greeting_alone_is_one_sentence_without_a_control() -> None:
    view = home(Page("Members only."), console_url="https://console.test/")
    check(view)
    assert words(view) == "Members only."
    assert not [p for p in walk(view["blocks"]) if p.get("type") in ("button", "link")]


def test_where_there_is_nothing_that_is_said() -> None:
    view = home(Page("Hello.", sections=(section(),)))
    check(view)
    assert "Nothing waits for you." in words(view)


@pytest.mark.parametrize("sections", [1, 3, 5, 10, 14])
def test_however_much_there_is_it_is_a_hundred_blocks_at_most(sections: int) -> None:
    many = section(*[WAITING] * 40)
    buttons = tuple(Button("x" * 90, "y" * 2000) for _ in range(40))
    view = home(Page("Hello.", buttons, (many,) * sections), console_url="https://console.test/")
    check(view)
    assert "more: type `approvals`." in words(view)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nobodys_text_can_act_on_home(attack: str) -> None:
    entry = Entry(attack, attack, AT, (Button(attack, "help", confirm=attack),))
    hostile = Section(attack, (entry,), attack, "approvals")
    view = home(Page(attack, sections=(hostile, Section(attack, (), attack, "x"))))
    check(view)
    shown = words(view)
    assert not [live for live in LIVE if live in shown]
    assert not [p for p in walk(view["blocks"]) if p.get("type") == "mrkdwn"]


def test_a_text_without_end_is_cut() -> None:
    view = home(Page("g" * 9000, sections=(section(Entry("t" * 9000, "d" * 9000)),)))
    check(view)
    assert max(len(line) for line in words(view).split("\n")) <= 600


@pytest.mark.parametrize("unseen", ["", " ", "\u202a", "\u200e "])
def test_a_text_of_which_nothing_is_seen_makes_no_part_that_slack_refuses(unseen: str) -> None:
    entry = Entry(unseen, unseen, AT, (Button(unseen, "help", confirm=unseen),))
    listed, empty = Section(unseen, (entry,), unseen, "x"), Section(unseen, (), unseen, "x")
    view = home(Page(unseen, sections=(listed, empty)))
    check(view)
    assert not [part for part in walk(view["blocks"]) if part.get("text") == ""]
