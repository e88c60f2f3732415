"""Signing keys: fetched once for everybody, rotated soon, and kept through an outage."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from bot.adapters.teams.keys import Keys
from bot.adapters.teams.refusals import Refusal
from tests.adapters.teams.checked import Checked
from tests.serving import NO_TLS


async def test_many_requests_at_once_share_one_fetch_of_the_keys(check: Checked) -> None:
    gate = check.teams.hold("keys")
    waiting = [asyncio.create_task(check.taken()) for _ in range(20)]
    while not check.teams.requests["keys"]:  # noqa: ASYNC110 - the server has nothing to wait for
        await asyncio.sleep(0.001)
    gate.set()
    await asyncio.gather(*waiting)
    assert check.teams.requests["openid"] == check.teams.requests["keys"] == 1


async def test_a_request_that_gives_up_does_not_stop_the_fetch_for_the_others(
    check: Checked,
) -> None:
    gate = check.teams.hold("keys")
    first, second = (asyncio.create_task(check.taken()) for _ in range(2))
    while not check.teams.requests["keys"]:  # noqa: ASYNC110 - the server has nothing to wait for
        await asyncio.sleep(0.001)
    first.cancel()
    gate.set()
    assert await second
    assert check.teams.requests["keys"] == 1


async def test_keys_are_kept_for_a_day(check: Checked) -> None:
    await check.taken()
    check.clock.turn(hours=23)
    later = int(time.time()) + 24 * 3600 + 3600
    await check.taken(exp=later)
    assert check.teams.requests["keys"] == 1
    check.clock.turn(hours=1)
    await check.taken(exp=later)
    assert check.teams.requests["keys"] == 2


async def test_a_rotated_key_is_honoured_at_once_and_the_old_one_no_more(check: Checked) -> None:
    old = check.teams.identity.token(check.teams.service_url)
    await check.taken()
    check.clock.turn(seconds=61)
    check.teams.rotate()
    assert await check.taken()
    assert await check.refused(old) is Refusal.UNKNOWN_KEY


async def test_unknown_keys_cause_one_refresh_a_minute_however_many_are_named(
    check: Checked,
) -> None:
    await check.taken()
    check.clock.turn(seconds=61)
    forged = [
        check.teams.identity.token(check.teams.service_url, headers={"kid": f"nobody-{n}"})
        for n in range(20)
    ]
    assert [await check.refused(token) for token in forged] == [Refusal.UNKNOWN_KEY] * 20
    assert check.teams.requests["keys"] == 2


async def test_a_key_that_rotates_right_after_a_refresh_is_honoured_within_a_minute(
    check: Checked,
) -> None:
    await check.taken()
    check.teams.rotate()
    token = check.teams.identity.token(check.teams.service_url)
    check.clock.turn(seconds=58)
    assert await check.refused(token) is Refusal.UNKNOWN_KEY
    check.clock.turn(seconds=2)
    assert await check.taken()


@pytest.mark.parametrize("kid", ["", "k" * 201])
async def test_a_key_name_that_nobody_has_asks_nobody(check: Checked, kid: str) -> None:
    forged = check.teams.identity.token(check.teams.service_url, headers={"kid": kid})
    assert await check.refused(forged) is Refusal.UNKNOWN_KEY
    assert check.teams.requests["openid"] == 0


async def test_an_outage_keeps_the_known_keys_and_cannot_say_about_others(check: Checked) -> None:
    await check.taken()
    check.clock.turn(hours=25)
    later = int(time.time()) + 26 * 3600
    check.teams.fail("openid", 503, times=9)
    assert await check.taken(exp=later)
    check.teams.rotate()
    token = check.teams.identity.token(check.teams.service_url, exp=later)
    assert await check.refused(token) is Refusal.KEYS_UNAVAILABLE
    assert check.teams.requests["openid"] == 2


async def test_without_any_key_nothing_is_believed_and_the_next_try_comes_soon(
    check: Checked,
) -> None:
    check.teams.fail("keys", 500)
    token = check.teams.identity.token(check.teams.service_url)
    assert await check.refused(token) is Refusal.KEYS_UNAVAILABLE
    check.clock.turn(seconds=10)
    assert await check.taken()


@pytest.mark.parametrize(
    "listed",
    [
        [],
        [7, {"kty": "EC"}, {"kty": "RSA", "kid": "key-0"}],
        [{"kty": "RSA", "kid": "key-0", "n": "AQAB", "e": "AQAB"}],
        "keys",
    ],
    ids=str,
)
async def test_a_list_without_a_usable_key_is_an_outage(check: Checked, listed: object) -> None:
    await check.taken()
    check.teams.identity.jwks = lambda: {"keys": listed}  # type: ignore[method-assign]  # a bad list
    check.clock.turn(hours=25)
    assert await check.taken(exp=int(time.time()) + 26 * 3600)


async def test_odd_entries_beside_the_key_do_no_harm(check: Checked) -> None:
    check.teams.identity.extra = [None, [], {"kty": "oct", "k": "AA", "kid": "key-0"}]
    assert await check.taken()


async def test_keys_are_not_taken_from_an_address_without_tls(check: Checked) -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as http:
        keys = Keys(http, "https://login.example.test/openid", check.clock)
        assert not keys._is_safe(f"{check.teams.base}/openid/keys")
        assert keys._is_safe("https://login.example.test/keys")
