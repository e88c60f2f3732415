from __future__ import annotations

import email.utils
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from bot.audit.export import ocsf
from bot.audit.forward.splunk import SplunkTarget
from bot.audit.forward.target import Undelivered
from bot.audit.forward.web import client, retry_after
from bot.audit.forward.webhook import WebhookTarget
from bot.model import Event
from tests.audit.export.samples import event

EVENTS = [event(seq) for seq in (4, 5, 6)]
SPLUNK = "https://splunk.example:8088/"
EVENT, ACK = f"{SPLUNK}services/collector/event", f"{SPLUNK}services/collector/ack"
HOOK = "https://siem.example/in"


def stored(of: Event) -> object:
    return dict(of.data)


@pytest.fixture
async def splunk() -> AsyncIterator[SplunkTarget]:
    target = SplunkTarget(client(None), SPLUNK, "the-token", stored, "audit", ask_every=0.0)
    yield target
    await target.close()


@pytest.fixture
async def webhook() -> AsyncIterator[WebhookTarget]:
    target = WebhookTarget(client(None), HOOK, "the-token", ocsf.line)
    yield target
    await target.close()


def objects(text: str) -> list[dict[str, object]]:
    """The JSON objects of a text in which they follow each other, as the collector takes them."""
    found, at = [], 0
    while at < len(text):
        each, at = json.JSONDecoder().raw_decode(text, at)
        found.append(each)
    return found


async def test_the_collector_gets_a_batch_as_documented(
    splunk: SplunkTarget, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.post(EVENT).respond(json={"text": "Success", "code": 0})
    await splunk.send(EVENTS)
    request = route.calls.last.request
    assert request.headers["Authorization"] == "Splunk the-token"
    sent = objects(request.content.decode())
    assert [each["event"] for each in sent] == [dict(each.data) for each in EVENTS]
    assert sent[0] | {"event": None} == {
        "time": 1763803800.123456,
        "host": "the-host",
        "source": "wardroom",
        "sourcetype": "wardroom:audit",
        "index": "audit",
        "fields": {"seq": "4", "leaf": EVENTS[0].leaf.hex()},
        "event": None,
    }


async def test_a_collector_that_acknowledges_is_asked_until_the_batch_is_indexed(
    splunk: SplunkTarget, respx_mock: respx.MockRouter
) -> None:
    target = replace(splunk, acknowledges=True)
    taken = respx_mock.post(EVENT).respond(json={"text": "Success", "code": 0, "ackId": 7})
    asked = respx_mock.post(ACK)
    asked.side_effect = [
        httpx.Response(200, json={"acks": {"7": False}}),
        httpx.Response(200, json={"acks": {"7": True}}),
    ]
    await target.send(EVENTS)
    assert (taken.call_count, asked.call_count) == (1, 2)
    assert json.loads(asked.calls.last.request.content) == {"acks": [7]}
    channels = {
        each.request.headers["X-Splunk-Request-Channel"] for each in [*taken.calls, *asked.calls]
    }
    assert channels == {target.channel}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"acks": {"7": False}}, "did not index"),
        ({"acks": {}}, "cannot be read"),
        (["no"], "cannot be read"),
    ],
)
async def test_a_batch_that_is_not_indexed_is_not_taken(
    splunk: SplunkTarget, respx_mock: respx.MockRouter, answer: object, said: str
) -> None:
    respx_mock.post(EVENT).respond(json={"code": 0, "ackId": 7})
    respx_mock.post(ACK).respond(json=answer)
    with pytest.raises(Undelivered, match=said):
        await replace(splunk, acknowledges=True).send(EVENTS)


async def test_a_collector_without_acknowledgement_is_said(
    splunk: SplunkTarget, respx_mock: respx.MockRouter
) -> None:
    respx_mock.post(EVENT).respond(json={"text": "Success", "code": 0})
    with pytest.raises(Undelivered, match="acknowledges nothing"):
        await replace(splunk, acknowledges=True).send(EVENTS)


async def test_a_webhook_gets_lines(webhook: WebhookTarget, respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(HOOK).respond(204)
    await webhook.send(EVENTS)
    request = route.calls.last.request
    assert request.content == b"".join(map(ocsf.line, EVENTS))
    assert request.headers["Authorization"] == "Bearer the-token"
    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert (request.headers["Wardroom-First"], request.headers["Wardroom-Last"]) == ("4", "6")


async def test_a_webhook_without_a_token_gets_none(
    webhook: WebhookTarget, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.post(HOOK).respond(200)
    await replace(webhook, token="").send(EVENTS)
    assert "Authorization" not in route.calls.last.request.headers


@pytest.mark.parametrize("status", [301, 400, 401, 403, 413, 429, 500, 503])
async def test_whatever_is_not_a_success_has_not_taken_the_batch(
    webhook: WebhookTarget, respx_mock: respx.MockRouter, status: int
) -> None:
    respx_mock.post(HOOK).respond(status, headers={"Retry-After": "17"})
    with pytest.raises(Undelivered, match=f"siem.example answered {status}") as error:
        await webhook.send(EVENTS)
    assert error.value.retry_after == 17


async def test_a_receiver_that_cannot_be_reached_has_not_taken_the_batch(
    webhook: WebhookTarget, respx_mock: respx.MockRouter
) -> None:
    respx_mock.post(HOOK).mock(side_effect=httpx.ConnectTimeout)
    with pytest.raises(Undelivered, match="ConnectTimeout"):
        await webhook.send(EVENTS)


def test_retry_after_is_seconds_or_a_date_and_never_for_ever() -> None:
    soon = email.utils.format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    past = email.utils.format_datetime(datetime.now(UTC) - timedelta(minutes=5))
    assert 200 < retry_after(soon) <= 300
    assert retry_after(past) == 0
    assert retry_after(soon.replace("GMT", "-0000")) > 200
    assert retry_after("99999999") == 3_600
    for nothing in ("", "soon", "-1", "1.5", "²"):
        assert retry_after(nothing) == 0
