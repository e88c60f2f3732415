"""Who may ask: everybody else may only ask for help."""

from __future__ import annotations

import pytest

from bot.model import Account, AccountKind, Place, Reason
from tests.house import Chat

STRANGERS = [
    Account("slack", "U9999", "T0001"),
    Account("slack", "U0001", "T0002"),
    Account("slack", "U0001", "T0001", AccountKind.GUEST),
    Account("slack", "U0001", "T0001", AccountKind.BOT),
    Account("slack", "U0001", "T0001", AccountKind.EXTERNAL),
    Account("terminal", "nobody"),
    Account("teams", "engineer"),
]


@pytest.mark.parametrize("account", STRANGERS)
async def test_a_stranger_may_only_ask_for_help(chat: Chat, account: Account) -> None:
    place = Place(account.platform, "C1")
    for text in (
        "ci status portal",
        "deploy portal 1.4.2 to test --reason x",
        "audit search x",
        "approvals",
        "whoami",
    ):
        reply = await chat.say(text, account=account, place=place)
        assert reply.reason is Reason.NOT_IDENTIFIED, text
    assert (await chat.say("help", account=account, place=place)).reason is Reason.OK
    assert len(await chat.events(reason="not_identified")) == 5
    assert chat.ci.deploys == []


@pytest.mark.parametrize("who", ["service-desk", "security-officer", "safety-officer"])
async def test_who_only_reads_changes_nothing(chat: Chat, who: str) -> None:
    for text in (
        "deploy portal 1.4.2 to test --reason x",
        "rollback portal test --reason x",
        "ci run portal 1.4.2",
        "deploy settle DEP-1 failed --reason x",
    ):
        reply = await chat.say(text, as_=who)
        assert reply.reason is Reason.NOT_AUTHORISED, text
        assert "needs the role deployer" in reply.text
    assert (await chat.say("ci status portal", as_=who)).reason is Reason.OK


async def test_whoami_joins_the_accounts_of_one_human(chat: Chat) -> None:
    slack = await chat.say(
        "whoami", account=Account("slack", "U0003", "T0001"), place=Place("slack", "C1")
    )
    typed = await chat.say("whoami", as_="release-manager")
    assert slack.fields == typed.fields
