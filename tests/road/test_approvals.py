"""Approvals: N-of-M, never the requester, one human once, exactly one ending."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from bot.model import Account, Place, Reason
from tests.house import Chat, opened
from tests.twins import commit_of

B = "deploy lab-results 1.4.2 to production --reason fix the stuck queue"
A = "deploy portal 1.4.2 to production --reason new banner"
C = "deploy pacs 1.4.2 to production --reason storage fix"


async def test_the_requester_cannot_approve_their_own_request(chat: Chat) -> None:
    await chat.say(B)
    reply = await chat.say("approve REQ-1")
    assert reply.reason is Reason.NOT_AUTHORISED
    assert "somebody else" in reply.text
    refused = await chat.events(verb="approve", reason="not_authorised")
    assert len(refused) == 1
    assert refused[0].data["decision"]["policies"] == ["never-the-requester"]  # type: ignore[index,call-overload] # JSON


async def test_the_same_human_from_another_account_is_still_the_requester(chat: Chat) -> None:
    slack = Account("slack", "U0001", "T0001")
    asked = await chat.say(B, account=slack, place=Place("slack", "C1"))
    assert asked.request == "REQ-1"
    reply = await chat.say("approve REQ-1", as_="engineer")
    assert reply.reason is Reason.NOT_AUTHORISED


async def test_one_human_counts_once_from_two_accounts(chat: Chat) -> None:
    await chat.say(B)
    assert (await chat.say("approve REQ-1", as_="engineer-2")).reason is Reason.OK
    again = await chat.say(
        "approve REQ-1", account=Account("slack", "U0002", "T0001"), place=Place("slack", "C1")
    )
    assert again.reason is Reason.DUPLICATE
    assert (await chat.card("REQ-1")).reason is Reason.PENDING_APPROVAL
    assert chat.ci.deploys == []


@pytest.mark.parametrize(
    ("ask", "approvers", "runs"),
    [
        (A, ["release-manager"], True),
        (B, ["engineer-2"], False),
        (B, ["release-manager"], False),
        (B, ["engineer-2", "commander"], False),
        (B, ["engineer-2", "release-manager"], True),
        (B, ["release-manager", "release-manager-2"], True),
        (C, ["release-manager", "release-manager-2"], False),
        (C, ["safety-officer"], False),
        (C, ["safety-officer", "release-manager"], True),
    ],
)
async def test_what_production_needs_by_safety_class(
    chat: Chat, ask: str, approvers: list[str], *, runs: bool
) -> None:
    await chat.approved(ask, *approvers)
    if runs:
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"
    else:
        assert (await chat.card("REQ-1")).reason is Reason.PENDING_APPROVAL
        assert chat.ci.deploys == []


@pytest.mark.parametrize(
    ("ask", "who"),
    [
        (A, "engineer-2"),
        (A, "service-desk"),
        (B, "service-desk"),
        (B, "security-officer"),
        (C, "engineer-2"),
        (C, "commander"),
    ],
)
async def test_whose_decision_does_not_count(chat: Chat, ask: str, who: str) -> None:
    await chat.say(ask)
    for text in ("approve REQ-1", "reject REQ-1 --reason no"):
        assert (await chat.say(text, as_=who)).reason is Reason.NOT_AUTHORISED
    assert (await chat.card("REQ-1")).reason is Reason.PENDING_APPROVAL


async def test_a_proposal_that_changed_voids_its_approvals(chat: Chat) -> None:
    await chat.say(B)
    await chat.say("approve REQ-1", as_="engineer-2")
    chat.ci.moved["lab-results", "1.4.2"] = commit_of("lab-results", "1.4.1")

    reply = await chat.say("approve REQ-1", as_="release-manager")

    assert reply.reason is Reason.SUPERSEDED
    assert "commit" in reply.text
    assert chat.ci.deploys == []
    assert not (await chat.card("REQ-1")).buttons
    assert (await chat.say("change show CHG-1")).refs["result"] == "not_implemented"


async def test_a_button_of_another_proposal_answers_outdated(chat: Chat) -> None:
    await chat.say(B)
    reply = await chat.say("approve REQ-1 --proposal 000000000000", as_="engineer-2")
    assert reply.reason is Reason.SUPERSEDED
    assert "outdated" in reply.text
    card = await chat.card("REQ-1")
    assert (await chat.say(card.buttons[0].command, as_="engineer-2")).reason is Reason.OK


async def test_a_request_that_nobody_decides_expires_and_has_not_run(chat: Chat) -> None:
    await chat.say(B)
    chat.clock.turn(hours=4, minutes=1)
    late = await chat.say("approve REQ-1", as_="engineer-2")
    assert late.reason is Reason.EXPIRED, "expired even before the sweep has come by"

    assert await chat.house.desk.expire_due() == 1
    assert await chat.house.desk.expire_due() == 0
    assert (await chat.say("approve REQ-1", as_="release-manager")).reason is Reason.EXPIRED
    assert chat.ci.deploys == []
    assert (await chat.card("REQ-1")).reason is Reason.EXPIRED
    assert len(await chat.events(request="REQ-1", kind="ended", reason="expired")) == 1
    assert (await chat.say("change show CHG-1")).refs["state"] == "cancelled"


async def test_rejecting_needs_a_reason_and_ends_the_request(chat: Chat) -> None:
    await chat.say(B)
    bare = await chat.say("reject REQ-1", as_="release-manager")
    assert bare.reason is Reason.BAD_INPUT
    assert bare.form is not None
    reply = await chat.say("reject REQ-1 --reason the lab says no", as_="release-manager")
    assert reply.reason is Reason.OK
    assert "the lab says no" in (await chat.card("REQ-1")).text
    assert (await chat.say("approve REQ-1", as_="engineer-2")).reason is Reason.REJECTED
    assert (await chat.say("change show CHG-1")).refs["result"] == "not_implemented"


async def test_only_the_requester_cancels(chat: Chat) -> None:
    await chat.say(B)
    assert (await chat.say("cancel REQ-1", as_="engineer-2")).reason is Reason.NOT_AUTHORISED
    assert (await chat.say("cancel REQ-1")).reason is Reason.OK
    assert (await chat.say("approve REQ-1", as_="engineer-2")).reason is Reason.CANCELLED


async def test_approving_cancelling_and_expiring_at_once_end_it_exactly_once(chat: Chat) -> None:
    for number in range(1, 6):
        asked = await chat.say(A)
        assert asked.request == f"REQ-{number}"
        chat.clock.turn(hours=3, minutes=59, seconds=59)
        approve = chat.say(f"approve REQ-{number}", as_="release-manager")
        cancel = chat.say(f"cancel REQ-{number}")
        chat.clock.turn(seconds=1)
        await asyncio.gather(approve, cancel, chat.house.desk.expire_due())
        ends = [
            event
            for event in await chat.events(request=f"REQ-{number}")
            if (event.data["kind"], event.data.get("reason"))
            in {
                ("outcome", "ok"),
                ("ended", "expired"),
            }
            and event.data["verb"] in ("approve", "cancel", "deploy")
        ]
        assert len(ends) == 1, [event.data for event in ends]
        if ends[0].data["verb"] == "approve":
            assert await chat.house.engine.wait("carry-out", f"REQ-{number}", seconds=20)
        for deploy in await chat.events(verb="deploy trigger", kind="effect"):
            await chat.ended(str(deploy.data["deploy"]))


async def test_a_role_that_was_taken_away_does_not_count_any_more(site: Path) -> None:
    async with opened(site) as chat:
        await chat.say(B)
        await chat.say("approve REQ-1", as_="engineer-2")
    people = yaml.safe_load((site.parent / "people.yaml").read_text())
    for person in people:
        if person["id"] == "engineer-2":
            person["roles"] = ["service_desk"]
    (site.parent / "people.yaml").write_text(yaml.safe_dump(people))
    async with opened(site) as chat:
        reply = await chat.say("approve REQ-1", as_="release-manager")
        assert "2 approvals" in reply.text
        assert chat.ci.deploys == []


async def test_a_request_and_its_approvals_survive_a_restart(site: Path) -> None:
    async with opened(site) as chat:
        await chat.say(B)
        await chat.say("approve REQ-1", as_="engineer-2")
    async with opened(site) as chat:
        listed = await chat.say("approvals", as_="release-manager")
        assert listed.table is not None
        assert listed.table.rows[0][0] == "REQ-1"
        await chat.say("approve REQ-1", as_="release-manager")
        assert (await chat.ended("DEP-1")).refs["state"] == "succeeded"


async def test_approvals_lists_what_waits_for_me_and_what_i_asked_for(chat: Chat) -> None:
    await chat.say(B)
    mine = await chat.say("approvals")
    assert mine.table is not None
    assert [row[:2] for row in mine.table.rows] == [("REQ-1", "others")]
    theirs = await chat.say("approvals", as_="release-manager")
    assert theirs.table is not None
    assert [row[:2] for row in theirs.table.rows] == [("REQ-1", "your decision")]
    assert (await chat.say("approvals", as_="service-desk")).table is None
