"""Accounts: members speak as themselves; guests, bots and outsiders are never taken for one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.model import Account, AccountKind, Reason, Reply, Visibility
from tests.adapters.teams.conftest import Open
from tests.fakes.teams import activities

ELSEWHERE = "99999999-0000-0000-0000-000000000000"


async def account(here: Open, user: str = "eve", where: str = "personal", **over: Any) -> Account:
    """Return the account that somebody speaks as."""
    before = len(here.road.said)
    await here.teams.say("help", user=user, where=where, **over)
    await here.door._tasks.close(10)
    return here.road.said[before].account


async def test_a_member_of_the_tenant_is_a_member(here: Open) -> None:
    assert (await account(here)).kind is AccountKind.MEMBER


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        ({"userRole": "guest"}, AccountKind.GUEST),
        ({"userPrincipalName": "eve_other.test#EXT#@hospital.test"}, AccountKind.GUEST),
        ({"userRole": "anonymous"}, AccountKind.EXTERNAL),
        ({"tenantId": ELSEWHERE}, AccountKind.EXTERNAL),
        ({"tenantId": None}, AccountKind.EXTERNAL),
        ({"aadObjectId": "another", "objectId": None}, AccountKind.EXTERNAL),
        ({"aadObjectId": None, "objectId": "eve"}, AccountKind.MEMBER),
        ({"userRole": "owner"}, AccountKind.MEMBER),
    ],
    ids=str,
)
async def test_the_roster_says_of_what_kind_an_account_is(
    here: Open, member: dict[str, object], kind: AccountKind
) -> None:
    here.teams.users["eve"] = {"member": member}
    assert (await account(here, where="channel")).kind is kind


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ({"aadObjectId": None}, AccountKind.EXTERNAL),
        ({"tenantId": ELSEWHERE}, AccountKind.EXTERNAL),
        ({"id": "28:another-app"}, AccountKind.BOT),
        ({"role": "bot"}, AccountKind.BOT),
    ],
    ids=str,
)
async def test_who_is_plainly_no_member_is_not_even_asked_about(
    here: Open, sender: dict[str, object], kind: AccountKind
) -> None:
    here.teams.users["eve"] = {"from": sender}
    assert (await account(here, where="channel")).kind is kind
    assert here.teams.requests["member"] == 0


async def test_somebody_of_another_tenant_speaks_as_somebody_of_that_tenant(here: Open) -> None:
    here.teams.users["eve"] = {"from": {"tenantId": ELSEWHERE}}
    assert (await account(here)).tenant == ELSEWHERE


@pytest.mark.parametrize("where", ["personal", "channel"])
async def test_an_outsider_learns_nothing_and_what_they_tried_is_on_the_record(
    here: Open, where: str
) -> None:
    here.teams.users["eve"] = {"member": {"userRole": "guest"}}
    here.road.replies["status"] = Reply(
        "lab-results runs 1.4.1.", visibility=Visibility.PUBLIC, topic="DEP-1"
    )
    await here.teams.say("status", user="eve", where=where)
    answer = await here.teams.message()
    assert "members of this organisation only" in answer.words
    assert answer.to == ("" if where == "personal" else "29:eve")
    assert "lab-results" not in str([m.versions for m in here.teams.messages])
    assert [said.text for said in here.road.said] == ["status"]
    pressed = activities.executed(
        here.teams, {"verb": "types", "data": {"types": "status"}}, "eve", "group"
    )
    assert "lab-results" not in (await here.teams.send(pressed)).body
    form = activities.dialog(here.teams, "task/fetch", {"opens": "status"}, "eve", "group")
    assert (await here.teams.send(form)).json["task"]["type"] == "message"


async def test_an_outsider_is_told_of_patient_data_as_anybody_is(here: Open) -> None:
    here.teams.users["eve"] = {"member": {"userRole": "guest"}}
    here.road.replies["mrn"] = Reply("That holds a record number.", Reason.PHI_BLOCKED)
    await here.teams.say("mrn", user="eve")
    assert "record number" in (await here.teams.message()).words


async def test_a_bot_is_whispered_nothing(here: Open) -> None:
    here.teams.users["eve"] = {"from": {"id": "28:another-app"}}
    await account(here, where="channel")
    assert here.teams.messages == []


async def test_when_teams_does_not_say_nobody_is_believed_and_it_is_asked_again_soon(
    here: Open,
) -> None:
    here.teams.fail("member", 403, "Forbidden")
    assert (await account(here)).kind is AccountKind.EXTERNAL
    assert (await account(here)).kind is AccountKind.EXTERNAL
    assert here.teams.requests["member"] == 1
    here.clock.turn(seconds=10)
    assert (await account(here)).kind is AccountKind.MEMBER


async def test_the_roster_is_asked_once_for_everybody_who_waits_and_believed_for_two_minutes(
    here: Open,
) -> None:
    gate = here.teams.hold("member")
    for _ in range(5):
        await here.teams.say("help", user="eve")
    gate.set()
    await here.teams.message(5)
    assert here.teams.requests["member"] == 1
    here.clock.turn(minutes=1)
    await account(here)
    assert here.teams.requests["member"] == 1
    here.teams.users["eve"] = {"member": {"userRole": "guest"}}
    here.clock.turn(minutes=1)
    assert (await account(here)).kind is AccountKind.GUEST


async def test_a_press_is_judged_by_who_pressed_and_not_by_what_the_card_says(here: Open) -> None:
    here.teams.users["eve"] = {"member": {"userRole": "guest"}}
    action = {"verb": "types", "data": {"types": "approve REQ-1", "from": {"aadObjectId": "anna"}}}
    await here.teams.send(activities.executed(here.teams, action, "eve", "channel"))
    said = here.road.said[-1].account
    assert (said.user, said.kind) == ("eve", AccountKind.GUEST)
    await asyncio.sleep(0)
