"""Half-configured and unsafe settings refuse to start, naming each path and its mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.site import SECRETS, Site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "slack.signing_secret_file",
            (
                "slack.signing_secret: is missing; set it, or name the file that holds it in "
                "signing_secret_file"
            ),
        ),
        (
            "slack.bot_token_file",
            "slack.bot_token: is missing; set it, or name the file that holds it in bot_token_file",
        ),
        ("teams.app_id", "teams.app_id: is missing; set it"),
        ("teams.tenant_id", "teams.tenant_id: is missing; set it"),
        (
            "integrations.buildbot.user",
            "integrations.buildbot: has a password but no user; set user",
        ),
        (
            "integrations.buildbot.password_file",
            "integrations.buildbot: has a user but neither password_file nor token_file; set one",
        ),
        ("integrations.buildbot.url", "integrations.buildbot.url: is missing; set it"),
        (
            "audit.anchors.second-disk.file",
            "audit.anchors.second-disk: is one place: set file, database_file, witness or channel",
        ),
        (
            "audit.anchors.quality-office.witness_key",
            "audit.anchors.quality-office: set witness_key too: its people know its public key",
        ),
        ("people", "people: is missing; set it"),
    ],
)
def test_a_half_configured_block_refuses_to_start(site: Site, path: str, sentence: str) -> None:
    site.drop(path)

    assert site.problems() == [sentence]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            "audit.anchors.audit-channel.channel",
            "general",
            "audit.anchors.audit-channel: channel must be like slack:C0123456789",
        ),
        (
            "audit.anchors.second-disk.channel",
            "slack:C1",
            "audit.anchors.second-disk: is one place: set file, database_file, witness or channel",
        ),
        ("mode", "prod", "mode: should be 'production' or 'sandbox'"),
        ("server.port", 70000, "server.port: should be less than or equal to 65535"),
        ("server.host", 5, 'server.host: must be text; put it in quotes ("...")'),
        (
            "server",
            "here",
            "server: must hold settings of its own, one `name: value` per line, indented",
        ),
        ("policies", "x", "policies: must be a list: [one, two], or one `- item` per line"),
        (
            "server.public_url",
            "http://wardroom.hospital.example",
            "server.public_url: would send credentials unencrypted; use https:// in production",
        ),
        (
            "server.public_url",
            "http://127.0.0.1:8080",
            "server.public_url: must be the https:// address that people open, in production",
        ),
        (
            "server.public_url",
            None,
            "server.public_url: must be the https:// address that people open, in production",
        ),
        ("teams.app_id", "", "teams.app_id: is empty; copy it from the app registration"),
        (
            "teams.app_id",
            "00000000-0000-0000-0000-000000000000",
            "teams.app_id: should be an id like 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        ),
        (
            "teams.login_url",
            "login.microsoftonline.com",
            "teams.login_url: must be an address that starts with https:// (or http://)",
        ),
        (
            "slack.api_url",
            "http://slack.internal/api",
            "slack.api_url: would send credentials unencrypted; use https:// in production",
        ),
        (
            "integrations.buildbot.url",
            "https://wardroom:pw@buildbot.hospital.example",
            (
                "integrations.buildbot.url: must not hold a user or password; "
                "they have settings of their own"
            ),
        ),
        (
            "database",
            "mysql://db/wardroom",
            "database: must be sqlite:///FILE or postgresql://HOST/NAME",
        ),
        ("database", "sqlite://", "database: must be sqlite:///FILE or postgresql://HOST/NAME"),
        (
            "integrations.buildbott",
            {"url": "https://ci.hospital.example"},
            "integrations: nothing here talks to buildbott (did you mean buildbot?)",
        ),
    ],
)
def test_an_unsafe_or_impossible_value_names_its_path_and_mend(
    site: Site, path: str, value: object, sentence: str
) -> None:
    site.set(path, value)

    assert site.problems() == [sentence]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "slack-signing-secret",
            "changeme-changeme-changeme",
            "slack.signing_secret: is a well-known value; put the real one",
        ),
        (
            "slack-signing-secret",
            "8f742231",
            "slack.signing_secret: is shorter than 16 characters; put the real one",
        ),
        (
            "slack-bot-token",
            "xapp-17653672481-19874698323",
            "slack.bot_token: should start with xoxb-; you may have copied another token",
        ),
        (
            "teams-app-password",
            "short",
            "teams.app_password: is shorter than 8 characters; put the real one",
        ),
    ],
)
def test_a_default_or_short_secret_refuses_to_start_in_production(
    site: Site, name: str, value: str, sentence: str
) -> None:
    site.secret(name, value)

    assert site.problems() == [sentence]


def test_a_settings_file_that_everybody_can_read_refuses_to_start(site: Site) -> None:
    assert site.problems(mode=0o644) == [
        f"everybody on this machine can read this file; run: chmod o-rwx {site.file}"
    ]


def test_a_secret_file_that_everybody_can_read_refuses_to_start(site: Site) -> None:
    site.secret("slack-bot-token", SECRETS["slack-bot-token"], mode=0o644)
    path = site.folder / "secrets/slack-bot-token"

    assert site.problems() == [
        f"slack.bot_token_file: everybody on this machine can read {path}; run: chmod o-rwx {path}"
    ]


def test_a_people_file_that_everybody_can_change_refuses_to_start(site: Site) -> None:
    path = site.folder / "people.yaml"
    path.chmod(0o666)

    assert site.problems() == [
        f"people: everybody on this machine may change it; run: chmod o-w {path}"
    ]


def test_a_missing_or_empty_secret_file_is_named_once(site: Site) -> None:
    site.secret("slack-signing-secret", "\n")
    (site.folder / "secrets/buildbot-password").unlink()

    assert site.problems() == [
        (
            f"slack.signing_secret_file: {site.folder}/secrets/slack-signing-secret is empty; "
            "it should hold the secret alone"
        ),
        (
            "integrations.buildbot.password_file: cannot read "
            f"{site.folder}/secrets/buildbot-password (no such file or directory); "
            "mend the path or rights"
        ),
    ]


def test_a_secret_and_its_file_together_are_refused(site: Site) -> None:
    site.set("slack.bot_token", SECRETS["slack-bot-token"])

    assert site.problems() == ["slack.bot_token_file: bot_token is set as well; keep one of them"]


def test_a_password_and_a_token_together_are_refused(site: Site) -> None:
    site.set("integrations.buildbot.token", "tokentokentoken")

    assert site.problems() == [
        "integrations.buildbot: has a password and a token; keep one of them"
    ]


def test_every_problem_is_listed_at_once_and_none_shows_a_secret(site: Site) -> None:
    site.set("mode", "production")
    site.set("server.public_url", "http://wardroom.hospital.example")
    site.set("teams.app_id", "")
    site.set("slack.signing_secret", "hunter2")
    site.drop("slack.signing_secret_file")
    site.drop("services")

    problems = site.problems(mode=0o604)

    assert [problem.split(":")[0] for problem in problems] == [
        "everybody on this machine can read this file; run",
        "server.public_url",
        "slack.signing_secret",
        "teams.app_id",
        "services",
    ]
    assert "hunter2" not in "".join(problems)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.1.2.3", "wardroom.hospital.example", "::"])  # noqa: S104 - what must be refused
def test_sandbox_mode_on_another_address_than_loopback_refuses_to_start(
    site: Site, host: str
) -> None:
    site.set("mode", "sandbox")
    site.set("server.host", host)

    assert site.problems() == [
        (
            "server.host: sandbox mode has personas instead of logins, so it listens on 127.0.0.1 "
            "only; use 127.0.0.1, or mode: production"
        )
    ]
