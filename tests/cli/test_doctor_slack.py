"""`wardroom doctor --only slack`: a good workspace, and each way in which one is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.adapters.slack.manifest import SCOPES as ASKED
from tests.cli import clinic
from tests.cli.clinic import Report, Workspace, doctor, free_port, nowhere, people, services
from tests.cli.conftest import configure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

READING = {"auth.test", "apps.connections.open", "conversations.info"}


@pytest.fixture
async def slack(home: Path) -> AsyncIterator[Workspace]:
    """A workspace that everything is well with: our app, one person, one channel."""
    nowhere(home)
    people(home)
    services(home, "slack:C1")
    async with Workspace.running() as workspace:
        assert isinstance(workspace, Workspace)
        workspace.scopes = ",".join([*ASKED, "channels:read", "groups:read"])
        workspace.channels["C1"] = {"id": "C1", "name": "ward-ops", "is_member": True}
        configure(home, slack=workspace.settings())
        yield workspace


async def _report() -> Report:
    return await doctor("--only", "slack")


async def test_a_good_workspace_is_well_and_is_only_read(slack: Workspace) -> None:
    report = await _report()

    assert report.states == {}
    assert report.code == 0
    assert [one["name"] for one in report.checks] == [
        "settings",
        "slack token",
        "slack scopes",
        "slack socket",
        "slack workspace",
        "slack channels",
        "failover",
    ]
    assert report.of("slack channels")["text"] == "we are in C1 (#ward-ops)"
    assert {call.method for call in slack.calls} == READING


async def test_no_token_is_ever_printed(slack: Workspace) -> None:
    slack.fail("auth.test", "invalid_auth")
    slack.fail("apps.connections.open", slack.app_token)

    output = (await _report()).output

    assert not [one for one in (slack.token, slack.app_token, slack.secret) if one in output]


async def test_without_a_slack_block_the_document_is_named(home: Path) -> None:
    nowhere(home)

    found = (await _report()).of("slack")

    assert (found["state"], found["mend"]) == (
        "skip",
        "docs/install-slack.md says how, step by step",
    )


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        ("invalid_auth", "Bot User OAuth Token (xoxb-...)"),
        ("token_revoked", "Install App > Reinstall"),
        ("account_inactive", "Install App > Reinstall"),
        ("not_allowed_token_type", "another kind of token"),
        ("token_expired", "token rotation is on"),
    ],
)
async def test_a_bot_token_that_is_refused_says_where_the_right_one_is(
    slack: Workspace, error: str, mend: str
) -> None:
    slack.fail("auth.test", error)

    report = await _report()

    assert report.of("slack token")["state"] == "fail"
    assert error in report.of("slack token")["text"]
    assert mend in report.of("slack token")["mend"]
    assert report.of("slack socket")["state"] == "ok"  # independent of it


async def test_a_slack_that_asks_to_come_back_later_is_not_called_broken(slack: Workspace) -> None:
    slack.limit("auth.test")

    assert (await _report()).states == {"slack token": "warn"}


async def test_a_scope_that_was_not_granted_is_named_with_its_reason(slack: Workspace) -> None:
    slack.scopes = ",".join(scope for scope in ASKED if scope != "users:read")

    found = (await _report()).of("slack scopes")

    assert found["state"] == "fail"
    assert found["text"] == f"not granted: users:read (to {ASKED['users:read']})"
    assert "wardroom manifest slack" in found["mend"]


async def test_a_scope_that_nothing_uses_is_to_be_taken_back(slack: Workspace) -> None:
    slack.scopes = f"{slack.scopes},channels:history"

    found = (await _report()).of("slack scopes")

    assert found["state"] == "warn"
    assert found["text"] == "granted and used by nothing here: channels:history"


async def test_scopes_that_slack_does_not_tell_are_not_guessed(slack: Workspace) -> None:
    slack.scopes = None

    assert (await _report()).of("slack scopes")["state"] == "skip"


async def test_an_app_token_that_opens_no_socket_says_which_one_is_needed(
    slack: Workspace, home: Path
) -> None:
    configure(home, slack=slack.settings(app_token=slack.token))

    found = (await _report()).of("slack socket")

    assert "not_allowed_token_type" in found["text"]
    assert "App-Level Tokens: make one with connections:write" in found["mend"]
    assert "Enable Socket Mode" in found["mend"]


async def test_a_socket_that_cannot_be_reached_is_a_warning_as_a_proxy_may_be_between(
    slack: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack, "base", f"http://127.0.0.1:{free_port()}")

    found = (await _report()).of("slack socket")

    assert found["state"] == "warn"
    assert "nobody listens at 127.0.0.1:" in found["text"]


async def test_people_of_another_workspace_are_named(slack: Workspace, home: Path) -> None:
    people(home, team="T0OTHER")

    found = (await _report()).of("slack workspace")

    assert found["state"] == "fail"
    assert found["text"].endswith(f"{slack.team}; their teams are T0OTHER")
    assert f"slack: {{team: {slack.team}, user: U...}}" in found["mend"]


async def test_accounts_of_a_second_workspace_are_told_to_be_of_no_use(
    slack: Workspace, home: Path
) -> None:
    people(home, more="- {id: ben, name: Ben, slack: {team: T0OTHER, user: U2}}\n")

    found = (await _report()).of("slack workspace")

    assert found["state"] == "warn"
    assert found["text"] == f"accounts in T0OTHER are not of {slack.team}, so nobody can use them"


async def test_an_organisations_install_wants_the_organisations_id(slack: Workspace) -> None:
    slack.is_org, slack.enterprise = True, "E0ORG"

    found = (await _report()).of("slack workspace")

    assert found["text"].startswith("nobody in the people file has an account in E0ORG")


async def test_a_channel_that_we_are_not_in_says_how_to_invite_us(slack: Workspace) -> None:
    slack.channels["C1"]["is_member"] = False

    found = (await _report()).of("slack channels")

    assert found["state"] == "fail"
    assert found["text"] == "we are not in C1 (#ward-ops)"
    assert "/invite @Wardroom" in found["mend"]


async def test_a_channel_that_is_archived_or_not_there_is_named(
    slack: Workspace, home: Path
) -> None:
    services(home, "slack:C1", "slack:C404", "teams:19:elsewhere@thread.tacv2")
    slack.channels["C1"]["is_archived"] = True

    texts = [one["text"] for one in (await _report()).every("slack channels")]

    assert texts == [
        "C1 (#ward-ops) is archived",
        "C404 is not there, or is private and we are not in it",
    ]


async def test_channels_that_the_scopes_do_not_show_are_said_once_and_not_failed(
    slack: Workspace, home: Path
) -> None:
    slack.scopes = clinic.SCOPES
    services(home, "slack:C1", "slack:C2")

    report = await _report()

    assert report.of("slack channels")["state"] == "skip"
    assert report.of("slack channels")["text"].endswith("groups:read: C1, C2")
    assert report.code == 0


async def test_an_address_that_is_not_slacks_is_named(slack: Workspace, home: Path) -> None:
    configure(home, slack=slack.settings(api_url=slack.base))

    found = (await _report()).of("slack token")

    assert found["text"] == f"{slack.base}/ is not Slack's API (HTTP 404)"
    assert "https://slack-gov.com/api/" in found["mend"]


async def test_a_slack_that_cannot_be_reached_names_host_and_port(
    slack: Workspace, home: Path
) -> None:
    port = free_port()
    configure(home, slack=slack.settings(api_url=f"http://127.0.0.1:{port}/api/"))

    report = await _report()

    assert report.of("slack token")["text"] == f"nobody listens at 127.0.0.1:{port}"
    assert report.code == 1


async def test_a_slack_that_never_answers_is_waited_for_no_longer_than_is_said(
    slack: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.doctor.asking.PATIENCE", 0.2)
    gate = slack.hold("auth.test")

    found = (await _report()).of("slack token")
    gate.set()

    assert "did not answer within" in found["text"]
    assert "firewall" in found["mend"]


async def test_the_place_that_stands_in_for_teams_is_looked_at(
    slack: Workspace, home: Path
) -> None:
    slack.channels["C9"] = {"id": "C9", "name": "emergency", "is_member": False}
    configure(home, failover={"teams": "slack:C9"}, teams=_teams_nowhere())

    found = (await _report()).of("failover")

    assert found["text"] == "we are not in C9 (#emergency)"


async def test_a_place_on_a_platform_that_is_not_set_up_is_named(
    slack: Workspace, home: Path
) -> None:
    configure(home, failover={"slack": "teams:19:x@thread.tacv2"})

    found = (await _report()).of("failover")

    assert found["text"] == "failover.slack needs teams, which is not set up"


def _teams_nowhere() -> dict[str, str]:
    return {"app_id": "a", "app_password": "p", "tenant_id": clinic.TENANT}
