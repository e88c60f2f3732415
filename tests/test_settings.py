"""Settings are read once and validated whole; the example documents every one of them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.documents import inner
from bot.errors import ConfigurationError
from bot.model import Place
from bot.settings import Level, Mode, Settings, find, load
from tests.site import ROOT, SECRETS, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def _settings_of(model: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        shape = inner(field.annotation)
        if shape is None:
            yield path + name
        else:
            within = f"{name}.*" if field.annotation == dict[str, shape] else name  # type: ignore[valid-type]  # built at run time
            yield from _settings_of(shape, f"{path}{within}.")


def _example_with_every_alternative() -> Iterator[tuple[str, bool]]:
    """Return each setting of the example by path, and whether a comment stands with it."""
    blocks: list[tuple[int, str]] = []
    commented = False
    for line in (ROOT / "wardroom.example.yaml").read_text().splitlines():
        found = re.fullmatch(r"(?P<indent> *)(?:# )?(?P<name>[a-z_-]+):(?P<rest>( .*)?)", line)
        if found is None:
            commented = bool(line.strip())
            continue
        depth = len(found["indent"])
        blocks = [*(b for b in blocks if b[0] < depth), (depth, found["name"])]
        names = [name for _, name in blocks]
        for of in (
            ["engines"],
            ["integrations"],
            ["logins"],
            ["audit", "anchors"],
            ["audit", "forward"],
        ):
            if names[: len(of)] == of and len(names) > len(of):
                names[len(of)] = "*"  # a name of the site's own
        yield ".".join(names), commented or "  # " in found["rest"]


def test_the_example_holds_every_setting_and_nothing_more() -> None:
    shown = {path for path, _ in _example_with_every_alternative()}
    blocks = {"audit", "audit.anchors", "audit.anchors.*", "oidc", "server", "slack", "teams"}
    blocks |= {
        "audit.countersign",
        "audit.digest",
        "audit.retention",
        "audit.forward",
        "audit.forward.*",
    }
    blocks |= {"engines", "engines.*"}
    blocks |= {"integrations", "integrations.*", "logins", "logins.*", "patience", "tickets"}
    blocks |= {"probes", "runbooks_export"}

    assert shown - blocks == set(_settings_of(Settings))


def test_every_block_and_top_setting_of_the_example_is_explained() -> None:
    unexplained = [
        path
        for path, explained in _example_with_every_alternative()
        if not explained and "." not in path and path != "server"
    ]

    assert unexplained == []


def test_the_example_is_a_valid_production_configuration(site: Site) -> None:
    settings = site.load()

    assert settings.mode is Mode.PRODUCTION
    assert settings.slack is not None
    assert settings.slack.signing_secret.get_secret_value() == SECRETS["slack-signing-secret"]
    assert settings.integrations["buildbot"].url == "https://buildbot.hospital.example/"


def test_relative_paths_start_at_the_folder_of_the_settings_file(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    settings = site.load()

    assert settings.people == site.folder / "people.yaml"
    assert settings.policies == (site.folder / "policies",)
    assert settings.database.get_secret_value() == f"sqlite:///{site.folder}/var/wardroom.db"


def test_the_environment_wins_over_the_file(site: Site) -> None:
    settings = site.load(
        {
            "WARDROOM_SLACK__SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
            "WARDROOM_SERVER__PORT": "9090",
            "WARDROOM_INTEGRATIONS__BUILDBOT__PASSWORD": "1234567890",
            "WARDROOM_TEAMS__ALLOWED_SERVICE_URLS": '["https://smba.infra.gov.teams.microsoft.us"]',
            "WARDROOM_LOG_LEVEL": "debug",
        }
    )

    assert settings.server.port == 9090
    assert settings.log_level is Level.DEBUG
    assert settings.slack is not None
    assert settings.slack.signing_secret.get_secret_value().startswith("0123")
    password = settings.integrations["buildbot"].password
    assert password is not None
    assert password.get_secret_value() == "1234567890"
    assert settings.teams is not None
    assert settings.teams.allowed_service_urls == ("https://smba.infra.gov.teams.microsoft.us/",)


def test_an_empty_variable_is_no_setting(site: Site) -> None:
    assert site.load({"WARDROOM_SERVER__PORT": ""}).server.port == 8080


def test_the_database_address_can_stand_in_a_file_of_its_own(site: Site) -> None:
    settings = site.load({"WARDROOM_DATABASE_FILE": "secrets/database"})

    assert settings.database.get_secret_value() == SECRETS["database"]


def test_a_whole_block_can_come_from_the_environment_alone(site: Site) -> None:
    site.drop("slack")

    settings = site.load(
        {
            "WARDROOM_SLACK__SIGNING_SECRET_FILE": "secrets/slack-signing-secret",
            "WARDROOM_SLACK__BOT_TOKEN_FILE": "secrets/slack-bot-token",
            "WARDROOM_SLACK__APP_TOKEN_FILE": "secrets/slack-app-token",
        }
    )

    assert settings.slack is not None
    assert settings.slack.app_token is not None
    assert settings.slack.app_token.get_secret_value() == SECRETS["slack-app-token"]


def test_secrets_are_not_shown_by_printing_the_settings(site: Site) -> None:
    shown = repr(site.load()) + str(site.load()) + site.load().model_dump_json()

    assert not [secret for secret in SECRETS.values() if secret in shown]


def test_a_misspelt_setting_is_named_with_what_was_meant(site: Site) -> None:
    site.set("slack.signing_secrt_file", "x")
    site.set("serber", {"port": 1})

    assert site.problems() == [
        (
            "slack.signing_secrt_file: there is no such setting "
            "(did you mean signing_secret_file?); mend or remove it"
        ),
        "serber: there is no such setting (did you mean server?); mend or remove it",
    ]


def test_a_misspelt_variable_is_named_with_what_was_meant(site: Site) -> None:
    assert site.problems({"WARDROOM_SLAKC__BOT_TOKEN": "x"}) == [
        "WARDROOM_SLAKC__BOT_TOKEN: there is no such setting (did you mean slack?)"
    ]


def test_a_list_in_a_variable_that_is_not_json_says_so(site: Site) -> None:
    assert site.problems({"WARDROOM_POLICIES": "one,two"}) == [
        'WARDROOM_POLICIES: must be JSON, such as ["one", "two"]'
    ]


def test_sandbox_mode_needs_no_address_and_takes_any_secret(site: Site) -> None:
    site.set("mode", "sandbox")
    site.set("server", {"host": "127.0.0.1", "port": 0})
    site.set("slack", {"signing_secret": "s", "bot_token": "t", "api_url": "http://fake.test/api"})

    settings = site.load(mode=0o644)

    assert settings.is_sandbox
    assert settings.server.address == "http://127.0.0.1:0"


def test_a_key_that_is_given_twice_is_an_error_with_its_line(site: Site) -> None:
    site.file.write_text("mode: sandbox\nmode: production\n")

    with pytest.raises(ConfigurationError, match=r"wardroom\.yaml line 2, column 1: mode is given"):
        load(site.file, {})


def test_a_file_that_is_not_yaml_is_an_error_with_its_line(site: Site) -> None:
    site.file.write_text("mode: [sandbox\n")

    with pytest.raises(ConfigurationError, match=r"line 2, column 1: .*; mend that line"):
        load(site.file, {})


@pytest.mark.parametrize("text", ["", "- one\n", "just words\n"])
def test_a_file_that_holds_no_settings_says_so(site: Site, text: str) -> None:
    site.file.write_text(text)

    with pytest.raises(ConfigurationError, match="is not a list of settings"):
        load(site.file, {})


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml: there is no such file"):
        load(tmp_path / "nowhere.yaml", {})


def test_the_settings_file_is_looked_for_in_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="name one with --config or WARDROOM_CONFIG"):
        find(None, {})

    Path("wardroom.yaml").touch()
    assert find(None, {}) == Path("wardroom.yaml")
    Path("var").mkdir()
    Path("var/wardroom.yaml").touch()
    assert find(None, {}) == Path("var/wardroom.yaml")
    assert find(None, {"WARDROOM_CONFIG": "/etc/wardroom.yaml"}) == Path("/etc/wardroom.yaml")
    Path("data").mkdir()
    Path("data/wardroom.yaml").touch()
    assert find(None, {"WARDROOM_HOME": "data"}) == Path("data/wardroom.yaml")
    assert find(None, {"WARDROOM_HOME": "elsewhere"}) == Path("wardroom.yaml")
    assert find(Path("mine.yaml"), {"WARDROOM_CONFIG": "/etc/wardroom.yaml"}) == Path("mine.yaml")


def test_a_file_without_rights_says_so(site: Site) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    site.file.write_text("mode: sandbox\n")
    site.file.chmod(0)

    with pytest.raises(ConfigurationError, match="permission denied"):
        load(site.file, {})


def test_a_platform_fails_over_to_a_place_on_the_other_one(site: Site) -> None:
    site.set("failover", {"slack": "teams:19:room@thread.tacv2"})
    assert site.load().elsewhere == {"slack": Place("teams", "19:room@thread.tacv2")}


@pytest.mark.parametrize("place", ["slack:C1", "teams:", "C1"])
def test_a_platform_does_not_fail_over_to_itself_or_to_nowhere(site: Site, place: str) -> None:
    site.set("failover", {"slack": place})
    with pytest.raises(ConfigurationError, match="slack fails over to a place on the other"):
        site.load()


def test_a_managed_identity_is_asked_on_the_machine_itself(site: Site) -> None:
    site.set("teams.managed_identity_url", "http://169.254.169.254/metadata/identity/oauth2/token")
    site.drop("teams.app_password_file")
    assert site.load().teams is not None
    site.set("teams.managed_identity_url", "http://identity.example/token")
    with pytest.raises(ConfigurationError, match="unencrypted"):
        site.load()


def test_teams_needs_a_password_or_a_managed_identity(site: Site) -> None:
    site.drop("teams.app_password_file")
    with pytest.raises(ConfigurationError, match="app_password_file or managed_identity_url"):
        site.load()


def test_slack_rotates_its_token_with_all_three_or_not_at_all(site: Site) -> None:
    site.set("slack.client_id", "1234.5678")
    with pytest.raises(ConfigurationError, match="set all three or none"):
        site.load()


def test_a_sign_in_provider_is_set_up_whole_or_not_at_all(site: Site) -> None:
    whole = site.load().oidc
    assert whole is not None
    assert whole.discovery == f"{whole.issuer}/.well-known/openid-configuration"
    site.drop("oidc.client_secret_file")
    with pytest.raises(ConfigurationError, match=r"oidc\.client_secret"):
        site.load()


def test_a_sign_in_provider_is_reached_by_https_in_production(site: Site) -> None:
    site.set("oidc.token_url", "http://login.hospital.example/token")
    with pytest.raises(ConfigurationError, match=r"oidc.token_url: would send .* unencrypted"):
        site.load()


def test_a_sign_in_provider_for_everybody_is_refused(site: Site) -> None:
    site.set("oidc.issuer", "https://login.microsoftonline.com/common/v2.0")
    with pytest.raises(ConfigurationError, match="your own tenant"):
        site.load()


def test_a_person_is_found_by_no_claim_that_is_given_again(site: Site) -> None:
    site.set("oidc.subject_claim", "email")
    with pytest.raises(ConfigurationError, match=r"oidc\.subject_claim"):
        site.load()
