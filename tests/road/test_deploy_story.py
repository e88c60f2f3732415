"""The story of the thin thread, on the real road with a twin of the CI server."""

from __future__ import annotations

from bot.model import Reason
from tests.house import Chat

ASK = "deploy lab-results 1.4.2 to production --reason fix the stuck queue"


async def test_two_others_approve_and_the_service_changes_version(chat: Chat) -> None:
    asked = await chat.say(ASK)
    assert asked.reason is Reason.PENDING_APPROVAL, asked.text
    assert asked.request == "REQ-1"
    assert asked.refs["change"] == "CHG-1"

    own = await chat.say("approve REQ-1")
    assert own.reason is Reason.NOT_AUTHORISED
    first = await chat.say("approve REQ-1", as_="engineer-2")
    assert first.reason is Reason.OK, first.text
    assert chat.ci.deploys == []
    second = await chat.say("approve REQ-1", as_="release-manager")
    assert second.reason is Reason.OK, second.text

    ended = await chat.ended("DEP-1")
    assert ended.refs["state"] == "succeeded", ended
    assert chat.ci.running["lab-results", "production"] == "1.4.2"
    change = await chat.say("change show CHG-1")
    assert change.refs == {
        "change": "CHG-1",
        "state": "closed",
        "deploy": "DEP-1",
        "request": "REQ-1",
        "result": "successful",
    }
    card = await chat.card("REQ-1")
    assert "done" in card.text
    assert not card.buttons
    kinds = [event.data["kind"] for event in await chat.events(deploy="DEP-1")]
    assert kinds.count("effect") == 1
    assert (await chat.say("audit verify")).reason is Reason.OK
