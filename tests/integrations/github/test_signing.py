"""How we sign in at GitHub: which settings go together, and a GitHub App's tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx
import jwt
import pytest
import respx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.api import Ci, ConfigurationError, Credentials, Rejected, Unreachable
from integrations.github import PORT, connect
from integrations.github.provider import GitHub
from integrations.github.signing import Installation
from tests.contracts import openapi
from tests.integrations.github.forge import CLOUD, COMMITS, REPO, SPECIFICATION
from tests.integrations.github.vendor import PORTAL
from tests.serving import NO_TLS

TOKENS = f"{CLOUD}/app/installations/47/access_tokens"
RUNS = f"{CLOUD}/repos/{REPO}/actions/workflows/ci.yml/runs"


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem() -> str:
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    plain = serialization.NoEncryption()
    return key().private_bytes(serialization.Encoding.PEM, traditional, plain).decode()


def app(**more: str) -> Credentials:
    return replace(
        Credentials(CLOUD, app_id="1234", installation_id="47", private_key=pem()), **more
    )


def provider(credentials: Credentials) -> GitHub:
    return connect(credentials, httpx.AsyncClient(verify=NO_TLS))


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.get(RUNS).respond(json={"total_count": 0, "workflow_runs": []})
        yield router


def token(name: str, lives: timedelta) -> httpx.Response:
    expires = (datetime.now(UTC) + lives).strftime("%Y-%m-%dT%H:%M:%SZ")
    rights = {"actions": "write", "contents": "read"}
    return httpx.Response(
        201,
        json={"token": name, "expires_at": expires, "permissions": rights},
    )


def test_it_says_which_port_it_provides() -> None:
    assert PORT is Ci


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs token_file, or app_id with installation_id and private_key_file"),
        ({"app_id": "1"}, "needs token_file, or app_id with installation_id"),
        ({"app_id": "1", "private_key": "x"}, "needs token_file, or app_id with installation_id"),
        ({"token": "t", "app_id": "1"}, "has a token and app_id; keep one way to sign in"),
        ({"token": "t", "user": "u"}, r"integrations\.github\.user: GitHub has no use for it"),
        ({"token": "t", "region": "r"}, r"integrations\.github\.region: GitHub has no use for it"),
        ({"token": "t", "url": "https://github.com/"}, "set https://api.github.com"),
        (
            {"app_id": "1", "installation_id": "../1", "private_key": "x"},
            r"integrations\.github\.installation_id: is the number",
        ),
        (
            {"app_id": "1", "installation_id": "47", "private_key": "secret words"},
            r"integrations\.github\.private_key_file: is no RSA private key in PEM",
        ),
    ],
)
def test_credentials_that_are_not_one_whole_way_in_are_refused(
    given: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as told:
        provider(Credentials(**{"url": CLOUD, **given}))
    assert "secret words" not in str(told.value)


def test_no_credential_is_shown_where_the_provider_is_printed() -> None:
    shown = repr(provider(app())) + repr(provider(Credentials(CLOUD, token="ghp_made_up")))
    assert "PRIVATE KEY" not in shown
    assert "ghp_made_up" not in shown


async def test_an_app_signs_for_a_token_once_until_it_expires(wire: respx.MockRouter) -> None:
    route = wire.post(TOKENS).mock(return_value=token("ghs_one", timedelta(hours=1)))
    ci = provider(app())
    await asyncio.gather(*(ci.recent(PORTAL) for _ in range(5)))
    assert route.call_count == 1
    request = route.calls[0].request
    signed = request.headers["authorization"].removeprefix("Bearer ")
    claims: dict[str, Any] = jwt.decode(signed, key().public_key(), algorithms=["RS256"])
    assert claims["iss"] == "1234"
    assert claims["exp"] - claims["iat"] == 600
    assert claims["iat"] <= datetime.now(UTC).timestamp() - 59
    asked = wire.calls.last.request
    assert asked.headers["authorization"] == "Bearer ghs_one"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    specification = openapi.read(SPECIFICATION, CLOUD)
    assert specification is None or specification.problems(request) == []


async def test_a_token_that_is_about_to_expire_is_asked_for_anew(wire: respx.MockRouter) -> None:
    answers = [token("ghs_one", timedelta(seconds=50)), token("ghs_two", timedelta(hours=1))]
    route = wire.post(TOKENS).mock(side_effect=answers)
    ci = provider(app())
    await ci.recent(PORTAL)
    await ci.recent(PORTAL)
    await ci.recent(PORTAL)
    assert route.call_count == 2
    assert wire.calls.last.request.headers["authorization"] == "Bearer ghs_two"


async def test_a_token_without_a_time_is_used_once(wire: respx.MockRouter) -> None:
    answer = httpx.Response(201, json={"token": "ghs_one", "expires_at": "later"})
    route = wire.post(TOKENS).mock(return_value=answer)
    ci = provider(app())
    await ci.recent(PORTAL)
    await ci.recent(PORTAL)
    assert route.call_count == 2


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (
            httpx.Response(401, json={"message": "A JSON web token could not be decoded"}),
            Rejected,
            r"renew integrations\.github\.private_key_file",
        ),
        (
            httpx.Response(404, json={"message": "Not Found"}),
            Rejected,
            r"no installation 47 of our app: check integrations\.github\.installation_id",
        ),
        (
            httpx.Response(403, json={"message": "This installation has been suspended"}),
            Rejected,
            "the account needs to be installed and not suspended .it says: This installation",
        ),
        (httpx.Response(500), Unreachable, "failed by itself"),
        (httpx.Response(201, json={"token": ""}), Unreachable, "not understood"),
        (httpx.Response(201, text="<html>"), Unreachable, "no JSON"),
    ],
)
async def test_why_an_app_gets_no_token_is_said_and_nothing_is_started(
    wire: respx.MockRouter,
    monkeypatch: pytest.MonkeyPatch,
    answer: httpx.Response,
    error: type[Exception],
    said: str,
) -> None:
    monkeypatch.setattr("bot.vendors.vendor.FIRST_WAIT", 0.0)
    monkeypatch.setattr("bot.vendors.vendor.LONGEST_WAIT", 0.0)
    wire.post(TOKENS).mock(return_value=answer)
    commit = COMMITS["1.4.2"]
    with pytest.raises(error, match=said):
        await provider(app()).deploy(PORTAL, "1.4.2", commit, "test", correlation="DEP-1-x")
    assert {str(call.request.url) for call in wire.calls} == {TOKENS}


async def test_a_server_that_cannot_be_reached_for_a_token_has_started_nothing(
    wire: respx.MockRouter,
) -> None:
    wire.post(TOKENS).mock(side_effect=httpx.ConnectError("refused"))
    installation = Installation(CLOUD, httpx.AsyncClient(verify=NO_TLS), "1234", "47", pem())
    with pytest.raises(Rejected, match="so nothing was done there"):
        await installation()
