"""The accounts of probes: each whole, its secrets never shown, and known to the estate file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot import catalogue
from bot.errors import ConfigurationError
from bot.login_settings import logins
from bot.model import Login
from tests.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_an_account_comes_with_its_secret_which_is_never_shown(site: Site) -> None:
    site.secret("key", "-----BEGIN KEY-----\nabc\n-----END KEY-----\n")
    site.set(
        "logins.drop", {"user": "drops", "key_file": "secrets/key", "passphrase": "some-words"}
    )
    settings = site.load()
    found = logins(settings.logins)["drop"]
    assert (found.user, found.passphrase) == ("drops", "some-words")
    assert found.key.endswith("END KEY-----")
    assert "BEGIN" not in repr(found) + repr(settings)
    assert "some-words" not in repr(found) + repr(settings)


def test_a_secret_can_come_from_the_environment(site: Site) -> None:
    site.drop("logins.directory-probe.password_file")
    settings = site.load({"WARDROOM_LOGINS__DIRECTORY-PROBE__PASSWORD": "quite-another-one"})
    assert logins(settings.logins)["directory-probe"].password == "quite-another-one"


@pytest.mark.parametrize(
    ("account", "problem"),
    [
        ({"user": "a"}, "needs one of password_file, token_file and key_file"),
        ({"user": "a", "password": "12345678", "key": "12345678"}, "needs one of password_file"),
        ({"password": "12345678"}, "has a user with password_file or key_file"),
        ({"user": "a", "token": "12345678"}, "has a user with password_file or key_file"),
        ({"user": "a", "password": "12345678", "passphrase": "12345678"}, "but no key_file"),
        ({"user": "a", "password": "1234567"}, "is shorter than 8 characters"),
    ],
)
def test_half_an_account_refuses_to_start(
    site: Site, account: dict[str, str], problem: str
) -> None:
    site.set("logins.directory-probe", account)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        site.load()
    assert "12345678" not in str(caught.value)


LDAP: dict[str, Any] = {
    "name": "directory",
    "kind": "ldap",
    "host": "dc",
    "port": 636,
    "tls": True,
    "login": "probe",
}


@pytest.mark.parametrize(
    ("known", "problem"),
    [
        ({"probes": Login("a", "b")}, "probe is not among logins in the settings"),
        ({"probe": Login(token="t")}, "probe has no password_file, which ldap needs"),
    ],
)
def test_an_endpoint_names_an_account_that_can_sign_in_so(
    tmp_path: Path, known: dict[str, Login], problem: str
) -> None:
    production = {"endpoints": [LDAP]}
    service = {"id": "a", "owner": "o", "safety_class": "A"}
    file = tmp_path / "services.yaml"
    file.write_text(json.dumps([{**service, "environments": {"production": production}}]))
    with pytest.raises(ConfigurationError) as caught:
        catalogue.load(file, logins=known)
    where = "a.environments.production.endpoints.directory.login"
    assert f"{where}: {problem}" in str(caught.value)
    found = catalogue.load(file, logins={"probe": Login("a", "b")}).service("a")
    assert found is not None
    assert found.environments[0].endpoints[0].login == "probe"
