"""An Enterprise organisation that installed us whole: one token, many workspaces, one person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.model import AccountKind
from tests.adapters.slack.conftest import Open, opened
from tests.adapters.slack.estate import Estate
from tests.fakes.slack import Slack as FakeSlack
from tests.fakes.slack import bodies

COLLEAGUE = {"team_id": "T5", "enterprise_user": {"enterprise_id": "E1"}}


def whole(slack: FakeSlack) -> None:
    """Install the app in the whole organisation E1."""
    slack.enterprise, slack.is_org, slack.team = "E1", True, "T5"
    slack.users["U1"] = COLLEAGUE


@pytest.fixture
async def org() -> AsyncIterator[Open]:
    """A door of an app that a whole organisation installed."""
    async with opened(arrange=whole, sources=Estate().sources) as here:
        yield here


async def test_one_person_is_one_account_in_every_workspace(org: Open) -> None:
    await org.slack.say("help", team_id="T5", enterprise_id="E1", is_enterprise_install="true")
    await org.slack.say("help", team_id="T6", enterprise_id="E1", is_enterprise_install="true")
    accounts = {said.account for said in org.road.said}
    [account] = accounts
    assert (account.tenant, account.user, account.kind) == ("E1", "U1", AccountKind.MEMBER)


async def test_a_command_that_names_no_workspace_is_the_organisations(org: Open) -> None:
    await org.slack.say("help", team_id="", enterprise_id="E1", is_enterprise_install="true")
    assert org.road.said[0].account.tenant == "E1"


async def test_a_stranger_in_a_shared_channel_keeps_their_own_tenant(org: Open) -> None:
    org.slack.users["W9"] = {"team_id": "T9", "enterprise_user": {"enterprise_id": "E9"}}
    await org.slack.mention("help", user="W9", team="T9", user_team="T9")
    await org.slack.whisper()
    [said] = org.road.said
    assert (said.account.tenant, said.account.kind) == ("T9", AccountKind.EXTERNAL)


async def test_presses_submissions_and_shortcuts_without_a_workspace_are_read(org: Open) -> None:
    slack = org.slack
    await slack.send("interactive", nowhere(bodies.chosen(slack, "types:help")))
    await slack.open_home()
    await slack.send("interactive", nowhere(slack.pressed("Do help", await slack.home())))
    await slack.send("interactive", nowhere(bodies.chosen(slack, "run")))
    view = await slack.view()
    await slack.send("interactive", nowhere(slack.submitted(view, {"line": "help"})))
    assert [said.account.tenant for said in org.road.said] == ["E1"] * 3
    assert {said.account.kind for said in org.road.said} == {AccountKind.MEMBER}


def nowhere(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body as an organisation's installation may send it: of no workspace."""
    return {
        **body,
        "team": None,
        "enterprise": {"id": "E1", "name": "Hospitals"},
        "user": {"id": "U1", "username": "anna"},
        "is_enterprise_install": True,
    }


async def test_an_event_is_for_whom_its_authorizations_say_and_not_its_outer_team(
    org: Open,
) -> None:
    body = org.slack.mentioned("help")
    await org.slack.send("events_api", {**body, "team_id": "T_SOMEWHERE"})
    await org.slack.whisper()
    assert org.road.said[0].account.tenant == "E1"


@pytest.mark.parametrize(
    "authorization",
    [
        {"enterprise_id": "E9", "team_id": None, "is_enterprise_install": True},
        {"enterprise_id": "E9", "team_id": "T5", "is_enterprise_install": False},
    ],
)
async def test_what_another_installation_was_told_is_acknowledged_and_left_alone(
    org: Open, authorization: dict[str, object]
) -> None:
    await org.door._accounts.home()
    body = {**org.slack.mentioned("help"), "authorizations": [authorization]}
    assert (await org.slack.send("events_api", body)).status == 200
    answer = await org.slack.open_home(user="U2", authorizations=[authorization])
    assert answer.status == 200
    await org.slack.open_home(user="U1")
    assert (await org.slack.home()).user == "U1"
    assert org.road.said == []


async def test_a_workspaces_installation_does_not_answer_for_its_sisters(here: Open) -> None:
    await here.door._accounts.home()
    sister = {"enterprise_id": "E1", "team_id": "T6", "is_enterprise_install": False}
    await here.slack.send(
        "events_api", {**here.slack.mentioned("help"), "authorizations": [sister]}
    )
    assert here.road.said == []


@pytest.mark.parametrize("kind", ["team_access_granted", "team_access_revoked"])
async def test_a_workspace_that_joins_or_leaves_changes_nothing_here(org: Open, kind: str) -> None:
    answer = await org.slack.tell({"type": kind, "team_ids": ["T7"]})
    assert (answer.status, answer.body) == (200, "")
    assert org.road.said == []
    await org.slack.say("help", team_id="T5")
    assert org.road.said[0].account.kind is AccountKind.MEMBER
