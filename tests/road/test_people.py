"""Who leaves loses everything at once: the people file is read again while we run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from bot import directory
from bot.errors import ConfigurationError
from bot.model import Account, Reason
from bot.serving import web_app
from tests.house import Chat, opened, until
from tests.road.test_link import SLACK, TEAMS, a_code, linked

ASK = "deploy lab-results 1.4.2 to production --reason fix the stuck queue"
APPROVER = Account("slack", "U0002", "T0001")


async def change(chat: Chat, **changes: Mapping[str, object] | None) -> None:
    """Edit the people file: what is given of each person, None takes them out; then look."""
    file = chat.settings.people
    rows = json.loads(file.read_text())
    kept = [
        {**row, **(changes.get(row["id"].replace("-", "_")) or {})}
        for row in rows
        if changes.get(row["id"].replace("-", "_"), {}) is not None
    ]
    replace_file(file, json.dumps(kept))
    await chat.house.directory.look()


def replace_file(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


async def test_who_is_deactivated_can_do_nothing_any_more_from_any_account(chat: Chat) -> None:
    await linked(chat)
    code = await a_code(chat)
    await change(chat, engineer={"active": False})
    for account in (SLACK, TEAMS, Account("terminal", "engineer")):
        reply = await chat.say("approvals", account=account)
        assert reply.reason is Reason.NOT_IDENTIFIED
    other = Account("teams", "1b4e28ba-2fa1-11d2-883f-0016d3cca427", TEAMS.tenant)
    taken = await chat.say(f"link {code}", account=other)
    assert taken.reason is Reason.NOT_IDENTIFIED, "nor does a code of theirs"


async def test_a_code_is_not_taken_from_the_account_that_made_it(chat: Chat) -> None:
    code = await a_code(chat)
    await change(chat, engineer={"slack": []})
    own = await chat.say(f"link {code}", account=SLACK)
    assert own.reason is Reason.DUPLICATE
    assert "made by this account" in own.text
    other = await chat.say(f"link {code}", account=TEAMS)
    assert other.reason is Reason.NOT_IDENTIFIED, "whoever made it is not known by that any more"


async def test_who_is_taken_out_of_the_file_loses_their_links_too(chat: Chat) -> None:
    await linked(chat)
    await change(chat, engineer=None)
    assert (await chat.say("whoami", account=TEAMS)).reason is Reason.NOT_IDENTIFIED
    assert (await chat.say("whoami", account=SLACK)).reason is Reason.NOT_IDENTIFIED


async def test_what_the_people_file_says_of_an_account_wins_over_a_link(chat: Chat) -> None:
    await linked(chat)
    teams = {"tenant": TEAMS.tenant, "object_id": TEAMS.user}
    await change(chat, engineer_2={"teams": teams})
    assert dict((await chat.say("whoami", account=TEAMS)).fields)["Person"] == "engineer-2"
    shown = (await chat.say("whoami", account=SLACK)).fields
    assert not [value for _, value in shown if TEAMS.user in value]
    await change(chat, engineer_2={"active": False})
    gone = await chat.say("whoami", account=TEAMS)
    assert gone.reason is Reason.NOT_IDENTIFIED, "not the link's again"


async def test_a_click_of_a_deactivated_approver_does_not_count(chat: Chat) -> None:
    await chat.say(ASK)
    await change(chat, engineer_2={"active": False})
    click = await chat.say("approve REQ-1", account=APPROVER)
    assert click.reason is Reason.NOT_IDENTIFIED
    card = await chat.card("REQ-1")
    assert dict(card.fields)["Approved by"] == "nobody yet"


async def test_an_approval_given_before_somebody_was_deactivated_does_not_count_any_more(
    chat: Chat,
) -> None:
    await chat.say(ASK)
    assert (await chat.say("approve REQ-1", account=APPROVER)).reason is Reason.OK
    await change(chat, engineer_2={"active": False})
    second = await chat.say("approve REQ-1", as_="release-manager")
    assert "Still needed" in second.text
    assert "2 approvals" in second.text
    assert chat.ci.deploys == []
    third = await chat.say("approve REQ-1", as_="release-manager-2")
    assert third.refs["deploy"] == "DEP-1"
    await chat.ended("DEP-1")


async def test_a_role_that_is_taken_away_is_gone_with_the_next_command(chat: Chat) -> None:
    text = "ci run portal 1.4.2"
    assert (await chat.say(text)).reason is Reason.OK
    await change(chat, engineer={"roles": ["reader"]})
    assert (await chat.say(text)).reason is Reason.NOT_AUTHORISED


async def test_a_broken_people_file_changes_nobody_and_is_said(chat: Chat) -> None:
    file, people = chat.settings.people, chat.house.directory
    whole = file.read_text()
    for broken in ('[{"id": "engineer"', "[]", whole.replace('"engineer"]', '"enginer"]', 1)):
        replace_file(file, broken)
        await people.look()
        assert "`wardroom doctor`" in people.trouble
        assert await ready(chat) == (200, people.trouble)
        assert (await chat.say("whoami")).reason is Reason.OK
    file.unlink()
    await people.look()
    assert people.trouble
    replace_file(file, whole)
    await people.look()
    assert people.trouble == ""
    assert await ready(chat) == (200, "ok")


async def ready(chat: Chat) -> tuple[int, str]:
    """Ask /readyz; returns its status and what it says of the people."""
    app = httpx.ASGITransport(web_app(chat.settings, chat.house, ()))
    async with httpx.AsyncClient(transport=app, base_url="http://127.0.0.1") as client:
        answer = await client.get("/readyz")
    return answer.status_code, answer.json()["checks"]["people"]


async def test_the_file_is_looked_at_without_being_asked(site: Path) -> None:
    async with opened(site) as chat:
        rows = json.loads(chat.settings.people.read_text())
        replace_file(chat.settings.people, json.dumps(rows[1:]))
        await until(lambda: chat.house.directory.person("engineer") is None)
        assert (await chat.say("whoami")).reason is Reason.NOT_IDENTIFIED


def test_somebody_inactive_is_nobody_and_keeps_their_accounts(tmp_path: Path) -> None:
    file = tmp_path / "people.yaml"
    row = "- {id: %s, name: A, slack: {team: T1, user: U1}%s}\n"
    file.write_text(row % ("a", ", active: false"))
    people = directory.load(file, sandbox=False)
    assert people.person("a") is None
    assert people.people() == []
    assert people.has(Account("slack", "U1", "T1"))
    file.write_text(row % ("a", ", active: false") + row % ("b", ""))
    with pytest.raises(ConfigurationError, match="U1 is a's account already"):
        directory.load(file, sandbox=False)
