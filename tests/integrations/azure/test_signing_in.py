"""Signing in: a personal access token, or an application of Entra, and never both."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from bot.api import ConfigurationError, Credentials, Rejected, Throttled, Unreachable
from integrations.azure import connect
from integrations.azure.signing_in import Entra, login
from tests.integrations.azure.organisation import COMMITS, URL
from tests.integrations.azure.vendor import PORTAL, Server, credentials, served
from tests.serving import NO_TLS

TENANT = "7f0c1f4e-4a0e-4b53-8f5c-2f3a1d5f2b11"
APPLICATION = Credentials(
    URL, client_id="an-application", client_secret="its-secret", tenant_id=TENANT
)
LOGIN = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
TOKEN = {"token_type": "Bearer", "expires_in": 3599, "access_token": "a-token"}
COMMIT = COMMITS["1.4.2"]


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.get(url__startswith=URL).respond(json={"count": 0, "value": []})
        yield router


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Credentials(URL), "needs token_file, or client_id with client_secret_file and tenant_id"),
        (replace(APPLICATION, tenant_id=""), "needs token_file, or client_id"),
        (replace(APPLICATION, token="t"), "has token_file and client_id; keep one of them"),
        (Credentials(URL, token="t", tenant_id=TENANT), "keep one of them"),
        (Credentials(URL, "somebody", token="t"), "has no use for user; remove it"),
        (Credentials(URL, "somebody", "secret"), "has no use for user"),
        (replace(credentials(), app_id="7"), "has no use for app_id"),
        (replace(credentials(), region="eu"), "has no use for region"),
        (replace(APPLICATION, tenant_id="https://login.test/t"), "tenant_id: must be"),
        (replace(APPLICATION, tenant_id="../common"), "tenant_id: must be"),
    ],
)
def test_what_is_missing_or_of_no_use_is_refused_with_the_mend(
    given: Credentials, told: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        connect(given, httpx.AsyncClient(verify=NO_TLS))
    assert str(refused.value).startswith("integrations.azure")
    assert told in str(refused.value)


async def test_a_token_is_the_password_of_nobody_and_never_in_an_address(server: Server) -> None:
    async with served(server) as ci:
        await ci.recent(PORTAL)
    (asked,) = server.asked
    kind, _, given = asked.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(given)) == ("Basic", b":pat-of-the-bot")
    assert "pat-of-the-bot" not in str(asked.url)
    assert asked.headers["x-tfs-fedauthredirect"] == "Suppress"
    assert "pat-of-the-bot" not in repr(ci)


async def test_a_server_is_asked_below_its_collection_and_nowhere_else() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url).partition("?")[0])
        return httpx.Response(200, json={"count": 0, "value": []})

    given = Credentials("https://tfs.hospital.example/tfs/Clinical/", token="t")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        assert await connect(given, client).recent(PORTAL) == []
    assert asked == ["https://tfs.hospital.example/tfs/Clinical/Clinical%20IT/_apis/build/builds"]


async def test_a_token_that_has_expired_is_said_and_nothing_was_started(server: Server) -> None:
    async with served(server, credentials("expired")) as ci:
        for asking in (
            ci.recent(PORTAL),
            ci.deploy(PORTAL, COMMIT, COMMIT, "test", correlation="c-1"),
        ):
            with pytest.raises(Rejected, match=r"sign-in page.*integrations\.azure\.token_file"):
                await asking
    assert len(server.asked) == 2


async def test_an_application_asks_for_its_token_once(wire: respx.MockRouter) -> None:
    route = wire.post(LOGIN).respond(json=TOKEN)
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        ci = connect(APPLICATION, client)
        await ci.recent(PORTAL)
        await ci.recent(PORTAL)
    assert route.call_count == 1
    assert parse_qs(route.calls.last.request.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["an-application"],
        "client_secret": ["its-secret"],
        "scope": ["499b84ac-1321-427f-aa17-267ca6975798/.default"],
    }
    assert wire.calls.last.request.headers["authorization"] == "Bearer a-token"
    assert "its-secret" not in repr(ci)


async def test_a_token_that_is_about_to_end_is_renewed(wire: respx.MockRouter) -> None:
    route = wire.post(LOGIN).respond(json=TOKEN)
    now = 1000.0
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        entra = Entra(login(APPLICATION, client), APPLICATION, lambda: now)
        await entra.headers()
        now += 3599 - 300 - 1
        await entra.headers()
        assert route.call_count == 1
        now += 1
        await entra.headers()
    assert route.call_count == 2


@pytest.mark.parametrize("address", ["https://login.microsoftonline.us/", "https://proxy.test/id"])
async def test_another_clouds_tokens_come_from_its_own_address(
    wire: respx.MockRouter, address: str
) -> None:
    route = wire.post(f"{address.rstrip('/')}/t-1/oauth2/v2.0/token").respond(json=TOKEN)
    given = replace(APPLICATION, tenant_id="t-1", login_url=address)
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        await connect(given, client).recent(PORTAL)
    assert route.called


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (
            httpx.Response(
                401, json={"error": "invalid_client", "error_description": "AADSTS7000222: old"}
            ),
            Rejected,
            "does not accept our credentials: renew integrations.azure.client_secret_file.",
        ),
        (
            httpx.Response(
                400, json={"error": "unauthorized_client", "error_description": "AADSTS700016: no"}
            ),
            Rejected,
            "(it says: AADSTS700016: no)",
        ),
        (httpx.Response(429, headers={"retry-after": "9"}), Throttled, "9 s"),
        (httpx.Response(503), Unreachable, "failed by itself"),
        (httpx.Response(200, json={"token_type": "Bearer"}), Unreachable, "not understood"),
        (httpx.Response(200, html="<p>proxy"), Unreachable, "web page"),
    ],
)
async def test_why_there_is_no_token_is_said(
    wire: respx.MockRouter, answer: httpx.Response, kind: type[Exception], told: str
) -> None:
    wire.post(LOGIN).mock(return_value=answer)
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        with pytest.raises(kind) as refused:
            await connect(APPLICATION, client).recent(PORTAL)
    assert told in str(refused.value)


async def test_without_entra_a_deploy_is_surely_not_begun_and_reading_is_only_unreachable(
    wire: respx.MockRouter,
) -> None:
    wire.post(LOGIN).mock(side_effect=httpx.ConnectError("refused"))
    starting = wire.post(url__startswith=URL)
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        ci = connect(APPLICATION, client)
        with pytest.raises(Rejected, match="nothing was done there"):
            await ci.deploy(PORTAL, COMMIT, COMMIT, "test", correlation="c-1")
        with pytest.raises(Unreachable):
            await ci.recent(PORTAL)
    assert not starting.called
