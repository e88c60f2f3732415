"""A request that nobody answers is told to who is on call, once for each step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.model import Reason
from tests.house import Chat, opened, write_site

ASK = "deploy pacs 1.4.2 to production --reason storage fix"
ONCALL = {
    "rotas": {
        "managers": {"shifts": [{"people": ["release-manager"]}]},
        "officers": {"shifts": [{"people": ["safety-officer", "commander"]}]},
    },
    "escalation": [
        {"after": "15m", "rota": "managers"},
        {"after": "30m", "rota": "officers", "safety_classes": ["C"]},
    ],
}


@pytest.fixture
def file(launched_url: str, tmp_path: Path) -> Path:
    (tmp_path / "oncall.yaml").write_text(json.dumps(ONCALL))
    return write_site(tmp_path, launched_url, oncall="oncall.yaml")


async def look(chat: Chat) -> int:
    return await chat.house.control.escalation.look()


async def test_each_step_is_told_once_with_its_record_and_approves_nothing(file: Path) -> None:
    async with opened(file) as chat:
        await chat.say(ASK)
        chat.clock.turn(minutes=14)
        assert await look(chat) == 0
        chat.clock.turn(minutes=1)
        assert await look(chat) == 1
        assert await look(chat) == 0
        said = await chat.card("REQ-1-ESCALATION-1")
        chat.clock.turn(minutes=15)
        assert await look(chat) == 1

        events = await chat.events(verb="escalation")
        card = await chat.card("REQ-1")

    assert "On call for managers: release-manager" in said.text
    assert not said.buttons
    told = [event.data["params"] for event in events]
    assert [(one["rota"], one["told"]) for one in told if isinstance(one, dict)] == [
        ("managers", "release-manager"),
        ("officers", "safety-officer, commander"),
    ]
    assert card.reason is Reason.PENDING_APPROVAL
    assert dict(card.fields)["Approved by"] == "nobody yet"


async def test_a_restart_does_not_tell_again(file: Path) -> None:
    async with opened(file) as chat:
        await chat.say(ASK)
        clock = chat.clock
        clock.turn(minutes=16)
        assert await look(chat) == 1
    async with opened(file, clock=clock) as chat:
        assert await look(chat) == 0
        assert len(await chat.events(verb="escalation")) == 1


async def test_what_was_decided_or_is_about_something_else_is_not_told(file: Path) -> None:
    async with opened(file) as chat:
        await chat.say(ASK)
        await chat.say("deploy portal 1.4.2 to production --reason banner")
        await chat.say("reject REQ-1 --reason no", as_="release-manager")
        chat.clock.turn(minutes=31)

        assert await look(chat) == 1

        (event,) = await chat.events(verb="escalation")
        assert event.data["request"] == "REQ-2"
