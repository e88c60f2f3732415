"""Who is speaking: only members of our own workspace or organisation are members."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.adapters.slack.payload import Speaker
from bot.model import AccountKind
from tests.adapters.slack.conftest import Open, opened

SPEAKER = Speaker("U1", "T0HOME")
KINDS: dict[str, tuple[dict[str, Any], AccountKind]] = {
    "a member": ({}, AccountKind.MEMBER),
    "a guest": ({"is_restricted": True}, AccountKind.GUEST),
    "a guest of one channel": ({"is_ultra_restricted": True}, AccountKind.GUEST),
    "a bot": ({"is_bot": True}, AccountKind.BOT),
    "a stranger": ({"is_stranger": True}, AccountKind.EXTERNAL),
    "somebody of another workspace": ({"team_id": "T9OTHER"}, AccountKind.EXTERNAL),
    "somebody who left": ({"deleted": True}, AccountKind.EXTERNAL),
}


@pytest.mark.parametrize("who", KINDS)
async def test_the_profile_says_what_kind_an_account_is(here: Open, who: str) -> None:
    profile, kind = KINDS[who]
    here.slack.users["U1"] = profile
    await here.slack.say("help")
    assert here.road.said[0].account.kind is kind


async def test_somebody_from_a_shared_channel_is_an_outsider_and_keeps_their_own_tenant(
    here: Open,
) -> None:
    await here.slack.mention("deploy x", team="T9OTHER", user_team="T9OTHER")
    await here.slack.whisper()
    [said] = here.road.said
    assert (said.account.tenant, said.account.kind) == ("T9OTHER", AccountKind.EXTERNAL)
    assert here.slack.called("users.info") == []


async def test_an_outsider_who_presses_a_button_is_an_outsider(here: Open) -> None:
    button = {"type": "button", "action_id": "types:0", "value": "approve REQ-1"}
    body = {
        "type": "block_actions",
        "user": {"id": "U9", "team_id": "T9OTHER"},
        "team": {"id": "T9OTHER", "enterprise_id": "E9"},
        "container": {"channel_id": "C1", "message_ts": "1.1"},
        "trigger_id": here.slack.trigger(),
        "response_url": here.slack.answer_url(),
        "actions": [button],
    }
    await here.slack.send("interactive", body)
    assert here.road.said[0].account.kind is AccountKind.EXTERNAL


async def test_in_an_organisation_a_colleague_from_another_workspace_is_a_member() -> None:
    async with opened() as here:
        await here.door._accounts.home()
        here.slack.enterprise = "E1"
        here.door._accounts._home = None
        here.slack.users["W5"] = {"team_id": "T5", "enterprise_user": {"enterprise_id": "E1"}}
        here.slack.users["W6"] = {"team_id": "T6", "enterprise_user": {"enterprise_id": "E6"}}
        await here.slack.say("help", user="W5", team_id="T5", enterprise_id="E1")
        await here.slack.say("help", user="W6", team_id="T6", enterprise_id="E1")
    assert [said.account.kind for said in here.road.said] == [
        AccountKind.MEMBER,
        AccountKind.EXTERNAL,
    ]


async def test_an_account_is_asked_about_once_and_again_when_it_may_have_changed(
    here: Open,
) -> None:
    for _ in range(3):
        await here.slack.say("help")
    assert len(here.slack.called("users.info")) == 1
    here.slack.users["U1"] = {"is_restricted": True}
    here.clock.ahead = timedelta(minutes=11)
    # The signature is checked against the same clock.
    await here.door._accounts.account(SPEAKER)
    account = await here.door._accounts.account(SPEAKER)
    assert account.kind is AccountKind.GUEST
    assert len(here.slack.called("users.info")) == 2


@pytest.mark.parametrize("error", ["missing_scope", "user_not_found", "fatal_error"])
async def test_when_slack_can_not_say_an_account_is_an_outsider_for_now(
    here: Open, error: str
) -> None:
    here.slack.fail("users.info", error)
    await here.slack.say("help")
    assert here.road.said[0].account.kind is AccountKind.EXTERNAL
    here.clock.ahead = timedelta(seconds=11)
    assert (await here.door._accounts.account(SPEAKER)).kind is AccountKind.MEMBER


async def test_while_who_we_are_is_not_known_nobody_is_a_member(here: Open) -> None:
    await here.door._accounts.home()
    here.door._accounts._home = None
    here.slack.fail("auth.test", "invalid_auth", times=5)
    for _ in range(3):
        await here.slack.say("help")
    assert {said.account.kind for said in here.road.said} == {AccountKind.EXTERNAL}
    assert len(here.slack.called("auth.test")) == 2
