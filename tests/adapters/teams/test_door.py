"""The HTTP door: whatever is posted is answered with a 4xx and its reason, and never a 500."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bot.adapters.teams.door import BODY_LIMIT
from tests.adapters.teams.conftest import Open
from tests.fakes.teams import activities

EVIL = "https://evil.test/"


# --- forged tokens -----------------------------------------------------------------------------


async def test_each_forged_token_is_refused_with_its_reason_and_does_nothing(here: Open) -> None:
    url, identity = here.teams.service_url, here.teams.identity
    forged = {
        "algorithm": (identity.unsigned(url), identity.by_public_key(url)),
        "signature": (identity.by_another_key(url),),
        "issuer": (identity.token(url, iss="https://sts.windows.net/x/"),),
        "audience": (identity.token(url, aud="another-app"),),
        "expired": (identity.token(url, exp=1),),
        "service_url": (identity.token(EVIL), identity.token(url, serviceurl=None)),
        "unknown_key": (identity.token(url, headers={"kid": "nobody"}),),
    }
    for reason, tokens in forged.items():
        for token in tokens:
            answer = await here.teams.send(activities.said(here.teams, "deploy x"), token=token)
            assert (answer.status, answer.json) == (403, {"error": reason})
    assert (here.road.said, here.teams.messages) == ([], [])


async def test_no_token_and_an_unreadable_one_are_401(here: Open) -> None:
    body = activities.said(here.teams, "deploy x")
    for header, reason in (
        ("", "no_token"),
        ("Basic eDp5", "not_bearer"),
        ("Bearer x", "unreadable"),
    ):
        answer = await here.teams.send(body, headers={"Authorization": header})
        assert (answer.status, answer.json) == (401, {"error": reason})
    assert here.road.said == []


async def test_another_tenant_is_refused(here: Open) -> None:
    body = activities.said(here.teams, "deploy x")
    foreign = {**body, "channelData": {"tenant": {"id": "99999999-0000-0000-0000-000000000000"}}}
    answer = await here.teams.send(foreign)
    assert (answer.status, answer.json) == (403, {"error": "tenant"})


async def test_a_missing_endorsement_is_refused(here: Open) -> None:
    here.teams.identity.endorsements = ["webchat"]
    here.teams.rotate()
    here.clock.turn(seconds=61)
    answer = await here.teams.say("deploy x")
    assert (answer.status, answer.json) == (403, {"error": "endorsement"})


async def test_an_unknown_key_that_was_rotated_in_is_taken_within_a_minute(here: Open) -> None:
    await here.teams.say("help")
    await here.teams.message()
    here.teams.rotate()
    assert (await here.teams.say("help")).json == {"error": "unknown_key"}
    here.clock.turn(seconds=60)
    assert (await here.teams.say("help")).status == 202
    await here.teams.message(2)


async def test_while_keys_cannot_be_read_teams_is_asked_to_come_again(here: Open) -> None:
    await here.teams.say("help")
    await here.teams.message()
    here.teams.fail("openid", 500, times=5)
    here.teams.rotate()
    here.clock.turn(seconds=61)
    answer = await here.teams.say("help")
    assert (answer.status, answer.json) == (503, {"error": "keys_unavailable"})


async def test_a_slow_key_server_holds_up_nobody_whose_key_is_known(here: Open) -> None:
    await here.teams.say("help")
    await here.teams.message()
    here.clock.turn(seconds=61)
    gate = here.teams.hold("openid")
    odd = here.teams.identity.token(here.teams.service_url, headers={"kid": "nobody"})
    waiting = asyncio.create_task(
        here.teams.send(activities.said(here.teams, "deploy x"), token=odd)
    )
    while here.teams.requests["openid"] < 2:  # noqa: ASYNC110 - the server has nothing to wait for
        await asyncio.sleep(0.001)
    assert (await here.teams.say("help")).status == 202
    assert not waiting.done()
    gate.set()
    assert (await waiting).json == {"error": "unknown_key"}


# --- bodies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"type": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"null",
        b"7",
        b"[]",
        b'"x"',
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda raw: repr(raw[:12]),
)
async def test_what_is_no_json_object_is_malformed(here: Open, raw: bytes) -> None:
    answer = await here.teams.post(raw)
    assert (answer.status, answer.json) == (400, {"error": "malformed"})


async def test_a_body_that_is_too_long_is_not_read(here: Open) -> None:
    body = activities.said(here.teams, "x" * BODY_LIMIT)
    answer = await here.teams.send(body)
    assert (answer.status, answer.json) == (413, {"error": "too_large"})


async def test_a_body_is_not_read_before_its_token_is_checked(here: Open) -> None:
    answer = await here.teams.post(b"{" * BODY_LIMIT * 2, headers={"Authorization": ""})
    assert answer.json == {"error": "no_token"}


@pytest.mark.parametrize(
    "over",
    [
        {"type": None},
        {"type": 7},
        {"type": ""},
        {"id": None},
        {"id": ["x"]},
        {"id": "x" * 501},
        {"id": "line\nbreak"},
        {"from": None},
        {"from": "anna"},
        {"from": {"id": None}},
        {"from": {"id": {"x": 1}}},
        {"recipient": []},
        {"conversation": {"id": 7}},
        {"conversation": "a:1-anna"},
        {"text": {"a": 1}},
        {"text": 7},
        {"entities": "x"},
        {"entities": [1]},
        {"replyToId": {}},
        {"name": 7},
        {"membersAdded": {}},
        {"action": []},
    ],
    ids=str,
)
async def test_a_field_that_is_not_what_it_should_be_is_malformed(
    here: Open, over: dict[str, Any]
) -> None:
    body = {**activities.said(here.teams, "deploy x"), **over}
    if over.get("conversation") == "a:1-anna":
        body["channelData"] = {"tenant": {"id": here.teams.tenant}}
    answer = await here.teams.send(body)
    assert (answer.status, answer.json) == (400, {"error": "malformed"})
    assert here.road.said == []


@pytest.mark.parametrize(
    "over",
    [
        {"entities": None},
        {"entities": [{}]},
        {"entities": [{"type": "mention", "mentioned": 3, "text": 4}]},
        {"entities": [{"type": "mention"}, {"type": 7}]},
        {"timestamp": "yesterday", "attachments": "x", "locale": 7, "unheard": {"of": []}},
        {"value": 7},
        {"value": []},
        {"from": {"id": "29:anna", "aadObjectId": "anna", "role": 7, "properties": []}},
    ],
    ids=str,
)
async def test_oddities_that_are_not_read_do_no_harm(here: Open, over: dict[str, Any]) -> None:
    answer = await here.teams.send({**activities.said(here.teams, "help"), **over})
    assert answer.status == 202
    await here.teams.message()
    assert here.road.said[0].text == "help"


async def test_half_a_character_is_taken_and_answered(here: Open) -> None:
    await here.teams.post(
        json.dumps({**activities.said(here.teams, "x"), "text": "page \ud83d now"}).encode()
    )
    await here.teams.message()
    assert here.road.said[0].text == "page \ufffd now"


async def test_only_post_is_answered(here: Open) -> None:
    answer = await here.http.get(here.teams.door)
    assert answer.status_code == 405
