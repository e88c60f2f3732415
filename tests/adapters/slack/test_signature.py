"""What does not come from Slack goes no further, whatever it says it is."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import pytest

from tests.adapters.slack.conftest import Open
from tests.fakes.slack import FORM, JSON

COMMAND = urlencode({"command": "/ops", "text": "help", "user_id": "U1", "team_id": "T0HOME"})
BODIES = {
    "command": (COMMAND.encode(), FORM),
    "ssl_check": (b"ssl_check=1&token=x", FORM),
    "url_verification": (b'{"type": "url_verification", "challenge": "c"}', JSON),
    "event": (b'{"type": "event_callback", "event": {"type": "app_mention"}}', JSON),
    "not UTF-8": (b"command=%2Fops&text=\xff\xfe", FORM),
}
NOW = int(time.time())
STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"
FORGERIES = {
    "no timestamp": {STAMP: ""},
    "no signature": {SIGNATURE: ""},
    "neither": {STAMP: "", SIGNATURE: ""},
    "a word for a timestamp": {STAMP: "abc"},
    "a negative timestamp": {STAMP: f"-{NOW}"},
    "a fraction": {STAMP: f"{NOW}.5"},
    "a very long number": {STAMP: "9" * 4000},
    "another time than was signed": {STAMP: str(NOW - 1)},
    "another signature": {SIGNATURE: "v0=" + "0" * 64},
    "half a signature": {SIGNATURE: "v0="},
    "another version": {SIGNATURE: "v1=" + "0" * 64},
    "a signature that is no ASCII": {SIGNATURE: "v0=\u00e9\u00e9"},
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("kind", BODIES)
async def test_a_forged_request_is_refused_and_nothing_happens(
    here: Open, kind: str, forgery: str
) -> None:
    raw, content = BODIES[kind]
    answer = await here.slack.post(raw, content, headers=FORGERIES[forgery])
    assert (answer.status, answer.body) == (401, "")
    assert here.road.said == []


@pytest.mark.parametrize("age", [-301, -3600, 301, 3600])
@pytest.mark.parametrize("kind", BODIES)
async def test_an_old_or_future_request_is_refused_though_its_signature_is_right(
    here: Open, kind: str, age: int
) -> None:
    raw, content = BODIES[kind]
    answer = await here.slack.post(raw, content, stamp=str(int(time.time()) + age * 2))
    assert (answer.status, answer.body) == (401, "")
    assert here.road.said == []


async def test_a_changed_body_is_refused(here: Open) -> None:
    stamp = str(int(time.time()))
    genuine = await here.slack.post(BODIES["command"][0], FORM, stamp=stamp)
    assert genuine.status == 200
    signature = {SIGNATURE: _signature(here, stamp, BODIES["command"][0])}
    changed = BODIES["command"][0].replace(b"help", b"hell")
    answer = await here.slack.post(changed, FORM, stamp=stamp, headers=signature)
    assert answer.status == 401
    assert len(here.road.said) == 1


async def test_a_body_that_is_not_utf_8_is_refused(here: Open) -> None:
    answer = await here.slack.post(*BODIES["not UTF-8"])
    assert answer.status == 400
    assert here.road.said == []


@pytest.mark.parametrize("raw", [b"{", b"[1]", b"payload=%7B", b"payload=null", b"", b"\x00"])
async def test_a_signed_body_that_is_no_request_is_not_a_crash(here: Open, raw: bytes) -> None:
    answer = await here.slack.post(raw, FORM)
    assert answer.status in (400, 404)
    assert here.road.said == []


async def test_an_endless_body_is_refused(here: Open) -> None:
    answer = await here.slack.post(b"x" * (1024 * 1024 + 1), FORM)
    assert answer.status == 413


async def test_slacks_own_checks_are_answered_when_they_are_signed(here: Open) -> None:
    checked = await here.slack.post(*BODIES["ssl_check"])
    assert checked.status == 200
    challenge = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"})
    verified = await here.slack.post(challenge.encode(), JSON)
    assert (verified.status, verified.json["challenge"]) == (200, "3eZbrw1a")
    assert here.road.said == []


async def test_a_replayed_command_carries_the_id_of_the_first(here: Open) -> None:
    raw, stamp = urlencode(here.slack.command("deploy x")).encode(), str(int(time.time()))
    for _ in range(2):
        assert (await here.slack.post(raw, FORM, stamp=stamp)).status == 200
    assert len({said.delivery for said in here.road.said}) == 1


async def test_only_posts_are_taken(here: Open) -> None:
    assert here.slack._session is not None
    async with here.slack._session.get(here.slack.door) as response:
        assert response.status == 405


def _signature(here: Open, stamp: str, raw: bytes) -> str:
    # The formula of Slack's documentation, written out a second time on purpose.

    signed = f"v0:{stamp}:{raw.decode()}".encode()
    return "v0=" + hmac.new(here.slack.secret.encode(), signed, hashlib.sha256).hexdigest()
