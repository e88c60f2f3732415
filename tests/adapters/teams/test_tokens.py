"""Tokens: each thing that can be wrong with one has its own reason, and none is let in."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.adapters.teams.refusals import Refusal
from bot.errors import ConfigurationError
from tests.adapters.teams.checked import Checked, tokens

GOVERNMENT = "https://api.botframework.us"


# --- what is no token --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, Refusal.NO_TOKEN),
        ("", Refusal.NO_TOKEN),
        ("Basic dXNlcjpwYXNz", Refusal.NOT_BEARER),
        ("Bearer", Refusal.UNREADABLE),
        ("Bearer not-a-token", Refusal.UNREADABLE),
        ("Bearer a.b.c", Refusal.UNREADABLE),
        ("Bearer " + "a" * 20_000 + ".b.c", Refusal.UNREADABLE),
        ("Bearer eyJhbGciOiJSUzI1NiJ9.é.c", Refusal.UNREADABLE),
        ("Bearer bnVsbA.e30.c", Refusal.UNREADABLE),
    ],
)
async def test_what_is_no_token_is_401_and_asks_nobody(
    check: Checked, header: str | None, reason: Refusal
) -> None:
    assert await check.refused_header(header) is reason
    assert reason.status == 401
    assert check.teams.requests["openid"] == 0


def test_every_refusal_is_401_403_or_503_and_never_500() -> None:
    assert {reason.status for reason in Refusal} == {401, 403, 503}
    assert [r for r in Refusal if r.status == 503] == [Refusal.KEYS_UNAVAILABLE]


# --- what is forged ----------------------------------------------------------------------------


async def test_a_genuine_token_is_taken_with_what_it_says(check: Checked) -> None:
    claims = await check.taken()
    assert claims.service_url == check.teams.service_url
    assert "msteams" in claims.endorsements


async def test_a_token_that_says_it_needs_no_signature_is_refused(check: Checked) -> None:
    forged = check.teams.identity.unsigned(check.teams.service_url)
    assert await check.refused(forged) is Refusal.ALGORITHM


async def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(check: Checked) -> None:
    forged = check.teams.identity.by_public_key(check.teams.service_url)
    assert await check.refused(forged) is Refusal.ALGORITHM


async def test_a_token_signed_by_another_key_under_a_known_name_is_refused(
    check: Checked,
) -> None:
    forged = check.teams.identity.by_another_key(check.teams.service_url)
    assert await check.refused(forged) is Refusal.SIGNATURE


async def test_a_changed_token_is_refused(check: Checked) -> None:
    head, _, tail = check.teams.identity.token(check.teams.service_url).split(".")
    other = check.teams.identity.token("http://evil.test/").split(".")[1]
    assert await check.refused(f"{head}.{other}.{tail}") is Refusal.SIGNATURE


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"iss": "https://sts.windows.net/x/"}, Refusal.ISSUER),
        ({"iss": None}, Refusal.ISSUER),
        ({"aud": "another-app"}, Refusal.AUDIENCE),
        ({"aud": None}, Refusal.AUDIENCE),
        ({"aud": ["another-app", 7]}, Refusal.AUDIENCE),
        ({"exp": None}, Refusal.EXPIRED),
        ({"exp": 1}, Refusal.EXPIRED),
        ({"exp": -(10**30)}, Refusal.EXPIRED),
        ({"nbf": 10**30, "exp": 10**31}, Refusal.NOT_YET_VALID),
        ({"exp": True}, Refusal.UNREADABLE),
        ({"exp": "soon"}, Refusal.UNREADABLE),
        ({"exp": float("inf")}, Refusal.UNREADABLE),
        ({"nbf": {}}, Refusal.UNREADABLE),
    ],
    ids=str,
)
async def test_a_signed_token_with_a_wrong_claim_is_refused_for_that_claim(
    check: Checked, over: dict[str, Any], reason: Refusal
) -> None:
    token = check.teams.identity.token(check.teams.service_url, **over)
    assert await check.refused(token) is reason


@pytest.mark.parametrize("form", ["{}", "api://{}", "api://botid-{}"])
async def test_each_form_of_our_own_audience_is_taken(check: Checked, form: str) -> None:
    assert await check.taken(aud=form.format(check.teams.app_id))


async def test_a_token_counts_for_five_minutes_around_its_time_and_no_longer(
    check: Checked,
) -> None:
    now = int(time.time())
    for over in ({"exp": now - 290}, {"nbf": now + 290}):
        await check.taken(**over)
    token = check.teams.identity.token(check.teams.service_url, exp=now - 301)
    assert await check.refused(token) is Refusal.EXPIRED
    token = check.teams.identity.token(check.teams.service_url, nbf=now + 330)
    assert await check.refused(token) is Refusal.NOT_YET_VALID


async def test_a_government_cloud_has_its_own_issuer(check: Checked) -> None:
    strict = tokens(check.teams, check.keys, check.clock, issuer=GOVERNMENT)
    genuine = check.teams.identity.token(check.teams.service_url, iss=GOVERNMENT)
    assert await strict.verify(f"Bearer {genuine}")
    assert await check.refused(genuine) is Refusal.ISSUER


# --- what a token vouches for ------------------------------------------------------------------


async def test_an_activity_that_its_token_vouches_for_is_admitted(check: Checked) -> None:
    assert await check.admitted() is None


async def test_a_key_that_is_not_endorsed_for_teams_is_refused(check: Checked) -> None:
    check.teams.identity.endorsements = ["webchat"]
    assert await check.admitted() is Refusal.ENDORSEMENT


async def test_another_channel_than_teams_is_refused_even_where_a_key_is_endorsed_for_it(
    check: Checked,
) -> None:
    assert await check.admitted(channelId="webchat") is Refusal.CHANNEL
    assert await check.admitted(channelId=None) is Refusal.CHANNEL


@pytest.mark.parametrize("url", ["https://smba.trafficmanager.net/emea/", "", None, 7, "x"])
async def test_a_service_url_that_is_not_the_tokens_is_refused(check: Checked, url: object) -> None:
    assert await check.admitted(serviceUrl=url) is Refusal.SERVICE_URL


async def test_a_token_without_a_service_url_vouches_for_none(check: Checked) -> None:
    claims = await check.taken(serviceurl=None)
    assert await check.admitted(claims, serviceUrl="") is Refusal.SERVICE_URL
    assert await check.admitted(claims) is Refusal.SERVICE_URL


async def test_a_trailing_slash_makes_no_other_service_url(check: Checked) -> None:
    assert await check.admitted(serviceUrl=check.teams.service_url.rstrip("/")) is None


async def test_a_service_url_outside_of_the_list_is_refused_though_the_token_says_it(
    check: Checked,
) -> None:
    claims = await check.taken(serviceurl="https://evil.test/")
    refused = await check.admitted(claims, serviceUrl="https://evil.test/")
    assert refused is Refusal.SERVICE_URL_NOT_ALLOWED


@pytest.mark.parametrize(
    "over",
    [
        {"channelData": {"tenant": {"id": "99999999-0000-0000-0000-000000000000"}}},
        {"channelData": {"tenant": {"id": None}}},
        {"channelData": {"tenant": "x"}},
        {"channelData": None},
        {"conversation": {"id": "a:1", "tenantId": "99999999-0000-0000-0000-000000000000"}},
    ],
    ids=str,
)
async def test_another_tenant_is_refused(check: Checked, over: dict[str, Any]) -> None:
    assert await check.admitted(**over) is Refusal.TENANT


async def test_the_tenant_is_ours_in_any_case_of_letters(check: Checked) -> None:
    upper = {"tenant": {"id": check.teams.tenant.upper()}}
    assert await check.admitted(channelData=upper) is None


# --- it can't be switched off ------------------------------------------------------------------


@pytest.mark.parametrize(
    "over", [{"app_id": ""}, {"app_id": " "}, {"tenants": frozenset()}, {"tenants": {""}}], ids=str
)
async def test_without_an_app_id_and_a_tenant_nothing_is_built(
    check: Checked, over: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError, match="app_id"):
        tokens(check.teams, check.keys, check.clock, **over)
