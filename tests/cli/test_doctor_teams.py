"""`wardroom doctor --only teams`: a good tenant, and each way in which one is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bot.storage.database import Database
from bot.storage.references import SqlReferences
from bot.stores import Reference
from tests.cli.clinic import (
    TENANT,
    Report,
    Tenant,
    answering,
    doctor,
    free_port,
    nowhere,
    people,
    services,
)
from tests.cli.conftest import configure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from click.testing import Result

    Typing = Callable[..., Result]

CHANNEL = "19:channel@thread.tacv2"


@pytest.fixture
async def teams(home: Path) -> AsyncIterator[Tenant]:
    """A tenant that everything is well with, and a server of ours that is not up yet."""
    nowhere(home)
    people(home, tenant=TENANT)
    services(home)
    async with Tenant.running() as tenant:
        assert isinstance(tenant, Tenant)
        configure(home, teams=tenant.settings())
        yield tenant


@pytest.fixture
async def references(home: Path) -> AsyncIterator[SqlReferences]:
    """A database at the newest revision, and what it knows of conversations."""
    database = Database.open(f"sqlite:///{home}/wardroom.db")
    database.upgrade()
    yield SqlReferences(database)
    database.close()


async def _report() -> Report:
    return await doctor("--only", "teams")


async def test_a_good_tenant_is_well_but_for_what_cannot_be_known_yet(
    teams: Tenant, wardroom: Typing
) -> None:
    url = "https://wardroom.hospital.example"
    wardroom("manifest", "teams", "--out", "wardroom-teams.zip", "--url", url)

    report = await _report()

    assert report.states == {"teams address": "skip", "teams package": "warn"}
    assert report.code == 0
    assert [one["name"] for one in report.checks] == [
        "settings",
        "teams keys",
        "teams token",
        "teams address",
        "teams package",
        "teams people",
        "failover",
    ]
    assert report.of("teams token")["text"].startswith(f"granted to {teams.app_id}")
    assert teams.calls == []  # nothing was written with the token


async def test_neither_password_nor_token_is_printed(teams: Tenant) -> None:
    output = (await _report()).output

    assert not [one for one in (teams.password, *teams.sign_in.issued) if one in output]


async def test_without_a_teams_block_the_document_is_named(home: Path) -> None:
    nowhere(home)

    assert (await _report()).of("teams")["mend"].startswith("docs/install-teams.md")


# --- keys and token ----------------------------------------------------------------------------


async def test_metadata_that_does_not_answer_is_named(teams: Tenant) -> None:
    teams.fail("openid", 503)

    found = (await _report()).of("teams keys")

    assert found["text"] == f"{teams.openid_url} answers 503"


async def test_keys_that_may_not_speak_for_teams_are_named(teams: Tenant) -> None:
    teams.identity.endorsements = ["webchat"]

    assert "may speak for Teams" in (await _report()).of("teams keys")["text"]


async def test_keys_of_another_cloud_are_named_with_the_setting(teams: Tenant, home: Path) -> None:
    configure(home, teams=teams.settings(issuer="https://api.botframework.us"))

    found = (await _report()).of("teams keys")

    assert found["state"] == "fail"
    assert found["mend"] == "set teams.issuer: https://api.botframework.com"


@pytest.mark.parametrize(
    ("code", "text", "mend"),
    [
        ("7000215", "the app's password is wrong", "copy its Value (not its Secret ID)"),
        ("7000222", "the app's password has expired", "New client secret"),
        ("700016", "the app is not in this tenant", "compare teams.app_id and teams.tenant_id"),
        ("500011", "does not know the service", "teams.graph_url"),
        ("90002", "there is no such tenant", "https://login.microsoftonline.us/"),
        ("99999", "Microsoft gives no token", "login.microsoftonline.com/error?code=99999"),
    ],
)
async def test_what_microsoft_refuses_is_said_in_words_with_the_mend(
    teams: Tenant, home: Path, code: str, text: str, mend: str
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        said = {
            "error": "invalid_client",
            "error_description": f"AADSTS{code}: Something. Trace ID: 0 Timestamp: 2026",
            "error_codes": [int(code)],
        }
        return web.json_response(said, status=401)

    async with answering(refuse) as url:
        configure(home, teams=teams.settings(login_url=url))
        found = (await _report()).of("teams token")

    assert found["state"] == "fail"
    assert text in found["text"]
    assert f"AADSTS{code}" in found["text"]
    assert mend in found["mend"]


async def test_a_wrong_password_is_refused_by_the_sign_in_itself(teams: Tenant, home: Path) -> None:
    configure(home, teams=teams.settings(app_password="another-password"))

    report = await _report()

    assert report.of("teams token")["text"] == "Microsoft gives no token (invalid_client)"
    assert "another-password" not in report.output


async def test_a_managed_identity_is_asked_without_a_password(teams: Tenant, home: Path) -> None:
    configure(
        home, teams=teams.settings(app_password=None, managed_identity_url=teams.identity_url)
    )

    assert (await _report()).of("teams token")["state"] == "ok"


async def test_a_machine_without_the_identity_says_where_to_give_it(
    teams: Tenant, home: Path
) -> None:
    configure(
        home, teams=teams.settings(app_password=None, managed_identity_url=teams.identity_url)
    )
    teams.fail("identity", 400, "invalid_request")

    assert "Identity > User assigned" in (await _report()).of("teams token")["mend"]


async def test_a_sign_in_that_cannot_be_reached_is_named(teams: Tenant, home: Path) -> None:
    port = free_port()
    configure(home, teams=teams.settings(login_url=f"http://127.0.0.1:{port}/"))

    assert (await _report()).of("teams token")["text"] == f"nobody listens at 127.0.0.1:{port}"


# --- rooms -------------------------------------------------------------------------------------


async def test_rooms_that_are_channels_need_a_token_for_graph_and_an_owners_consent(
    teams: Tenant, home: Path
) -> None:
    configure(home, teams=teams.settings(rooms="channel", graph_url=teams.graph_url))

    found = (await _report()).of("teams rooms")

    assert found["state"] == "ok"
    assert "whose owner granted Channel.Create.Group" in found["text"]
    assert len(teams.graph.tokens) == 1
    assert teams.graph.calls == []


async def test_a_graph_of_another_cloud_is_named_with_the_setting(
    teams: Tenant, home: Path
) -> None:
    graph = "https://graph.microsoft.us/"
    configure(home, teams=teams.settings(rooms="channel", graph_url=graph))

    found = (await _report()).of("teams rooms")

    assert found["state"] == "fail"
    assert "compare teams.app_id" in found["mend"]


async def test_a_package_that_does_not_ask_to_make_channels_is_named(
    teams: Tenant, home: Path, wardroom: Typing
) -> None:
    wardroom("manifest", "teams", "--out", "wardroom-teams.zip")
    configure(home, teams=teams.settings(rooms="channel", graph_url=teams.graph_url))
    assert (await _report()).of("teams package")["state"] == "warn"

    wardroom("manifest", "teams", "--out", "wardroom-teams.zip")
    assert (await _report()).of("teams package")["state"] == "ok"


# --- package, people, channels -----------------------------------------------------------------


async def test_a_package_of_these_commands_and_settings_is_well(
    teams: Tenant, wardroom: Typing
) -> None:
    made = wardroom("manifest", "teams", "--out", "wardroom-teams.zip")

    assert made.exit_code == 0, made.output
    assert (await _report()).of("teams package")["state"] == "ok"


async def test_a_package_of_another_app_is_named(teams: Tenant, wardroom: Typing) -> None:
    other = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    wardroom("manifest", "teams", "--out", "wardroom-teams.zip", "--app-id", other)

    found = (await _report()).of("teams package")

    assert found["state"] == "fail"
    assert found["text"].endswith(f"is of {other}, and teams.app_id is {teams.app_id}")


async def test_a_package_that_is_none_is_named(teams: Tenant, home: Path) -> None:
    (home / "wardroom-teams.zip").write_bytes(b"PK, but no zip")

    assert "is no package" in (await _report()).of("teams package")["text"]


async def test_people_of_another_tenant_are_named(teams: Tenant, home: Path) -> None:
    people(home, tenant="6ba7b810-9dad-11d1-80b4-00c04fd430c8")

    found = (await _report()).of("teams people")

    assert found["state"] == "fail"
    assert f"teams: {{tenant: {teams.tenant}, object_id: ...}}" in found["mend"]


async def test_accounts_of_a_second_tenant_are_told_to_be_of_no_use(
    teams: Tenant, home: Path
) -> None:
    other = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    account = f"{{tenant: {other}, object_id: 1b4e28ba-2fa1-11d2-883f-0016d3cca427}}"
    people(home, more=f"- {{id: ben, name: Ben, teams: {account}}}\n")

    found = (await _report()).of("teams people")

    assert found["state"] == "warn"
    assert found["text"].startswith(f"accounts in {other} are of other tenants")


async def test_a_channel_that_teams_told_us_of_is_well_and_another_is_not(
    teams: Tenant, home: Path, references: SqlReferences
) -> None:
    services(home, f"teams:{CHANNEL}", "teams:19:other@thread.tacv2", "slack:C1")
    await references.put(Reference(CHANNEL, teams.service_url, teams.tenant, teams.bot))

    lines = (await _report()).every("teams channels")

    assert [(one["state"], one["text"]) for one in lines] == [
        ("ok", f"the app is in {CHANNEL}"),
        ("fail", "we have not heard of 19:other@thread.tacv2"),
    ]


async def test_a_channel_that_teams_lets_nobody_write_to_is_named(
    teams: Tenant, home: Path, references: SqlReferences
) -> None:
    services(home, f"teams:{CHANNEL}")
    blocked = Reference(CHANNEL, teams.service_url, teams.tenant, teams.bot, is_blocked=True)
    await references.put(blocked)

    found = (await _report()).of("teams channels")

    assert found["text"] == f"Teams lets us write nothing in {CHANNEL}: removed or blocked"


async def test_channels_are_not_judged_before_there_is_a_database(
    teams: Tenant, home: Path
) -> None:
    services(home, f"teams:{CHANNEL}")

    assert (await _report()).of("teams channels")["state"] == "skip"
    assert not (home / "wardroom.db").exists()
