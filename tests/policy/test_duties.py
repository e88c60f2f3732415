"""Who wrote a commit, asked, approved and validates: which of these one human may not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.model import Account, AuditQuery, Place, Reason
from bot.ports.control import Duty
from tests.house import Chat, opened, write_site

B = "deploy lab-results 1.4.2 to production --reason fix"
SHIPPED = [
    (Duty.VALIDATOR, "engineer", "asked for this deploy yourself"),
    (Duty.VALIDATOR, "engineer-2", "you wrote what was deployed"),
    (Duty.VALIDATOR, "release-manager", ""),
    (Duty.VALIDATOR, "safety-officer", ""),
    (Duty.APPROVER, "engineer", "somebody else must decide"),
    (Duty.APPROVER, "engineer-2", "you wrote what would be deployed"),
    (Duty.APPROVER, "commander", ""),
    (Duty.DEPLOYER, "engineer", ""),
    (Duty.DEPLOYER, "service-desk", "needs the role deployer"),
    (Duty.AUTHOR, "engineer", ""),
    (Duty.REQUESTER, "engineer-2", ""),
]


async def test_an_author_does_not_approve_whatever_their_address_is_written_like(
    chat: Chat,
) -> None:
    chat.ci.written_by["lab-results"] = ("ENGINEER-2@Hospital.Example", "x@elsewhere.example")
    asked = await chat.say(B)
    assert dict(asked.fields)["Authors"] == "engineer-2, somebody unknown"

    refused = await chat.say("approve REQ-1", as_="engineer-2")

    assert refused.reason is Reason.NOT_AUTHORISED
    assert "you wrote what would be deployed" in refused.text
    page = await chat.house.trail.audit.search(AuditQuery(verb="approve", limit=5))
    decision = page.events[0].data["decision"]
    assert isinstance(decision, dict)
    assert decision["policies"] == ["never-the-author"]


async def test_other_authors_are_another_proposal(chat: Chat) -> None:
    await chat.say(B)
    chat.ci.written_by["lab-results"] = ("commander@hospital.example",)
    chat.ci.moved["lab-results", "1.4.2"] = "b" * 40

    reply = await chat.say("approve REQ-1", as_="engineer-2")

    assert reply.reason is Reason.SUPERSEDED
    assert "authors was somebody unknown, is commander" in reply.text


@pytest.mark.parametrize(("duty", "who", "says"), SHIPPED)
async def test_the_shipped_matrix(chat: Chat, duty: Duty, who: str, says: str) -> None:
    chat.ci.written_by["lab-results"] = ("engineer-2@hospital.example",)
    await chat.approved(B, "release-manager", "safety-officer")
    deploy = await chat.house.stores.deploys.show("DEP-1")
    person = chat.house.directory.person(who)
    assert deploy is not None
    assert person is not None

    refusal = await chat.house.control.validation.duties.refusal(person, duty, deploy)

    assert says in refusal
    assert bool(says) is bool(refusal)


async def test_a_site_changes_the_matrix_as_data(launched_url: str, tmp_path: Path) -> None:
    (tmp_path / "site.cedar").write_text(
        '@id("approver-does-not-validate") @message("you approved it")\n'
        'forbid (principal, action == Action::"validate", resource)\n'
        "when { context.approvers.contains(principal) };"
    )
    file = write_site(tmp_path, launched_url, policies=["site.cedar"])
    async with opened(file) as chat:
        await chat.approved(B, "release-manager", "safety-officer")
        deploy = await chat.house.stores.deploys.show("DEP-1")
        person = chat.house.directory.person("release-manager")
        assert deploy is not None
        assert person is not None

        refusal = await chat.house.control.validation.duties.refusal(person, Duty.VALIDATOR, deploy)

    assert refusal == "you approved it"


async def test_attempts_to_approve_ones_own_are_reported_from_every_account(chat: Chat) -> None:
    await chat.say(B)
    await chat.say("approve REQ-1")
    slack = Account("slack", "U0001", "T0001")
    await chat.say("approve REQ-1", account=slack, place=Place("slack", "C1"))

    report = await chat.say("audit report --month 2026-11", as_="security-officer")

    rows = {row[0]: row for row in report.table.rows} if report.table else {}
    assert rows["Attempts to decide one's own request"][1:] == ("2", "engineer 2")
