"""Probes as people type them: who is meant is never guessed, what was found is told in figures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigurationError
from bot.model import Finding, Reason, Standing
from tests.house import Chat, opened


def _endpoint(name: str, kind: str, **keys: object) -> dict[str, Any]:
    return {"name": name, "kind": kind, "host": "127.0.0.1", "port": 9, **keys}


ENDPOINTS = {
    ("lab-results", "production"): [
        _endpoint("lab-in", "mllp"),
        _endpoint("lab-out", "mllp"),
        _endpoint("lab-port", "tcp"),
    ],
    ("lab-results", "test"): [_endpoint("lab-in-test", "mllp")],
    ("pacs", "production"): [_endpoint("archive", "dicom", called="ARCHIVE")],
}


@pytest.fixture
async def chat(site: Path) -> AsyncIterator[Chat]:
    """A running house whose services have endpoints."""
    file = site.parent / "services.yaml"
    services = json.loads(file.read_text())
    for service in services:
        for name, environment in service["environments"].items():
            environment["endpoints"] = ENDPOINTS.get((service["id"], name), [])
    file.write_text(json.dumps(services))
    async with opened(site) as open_chat:
        yield open_chat


async def test_a_probe_says_what_it_found_in_words_and_figures(chat: Chat) -> None:
    figures = {"why": "nak", "ack": "AE", "milliseconds": "12"}
    chat.prober.findings["lab-in"] = Finding(Standing.FAILED, "answers AE", "AE", figures)
    reply = await chat.say("probe mllp lab-in", as_="service-desk")
    assert reply.reason is Reason.OK
    assert reply.text == "lab-in (mllp, lab-results in production) answers AE: failed."
    assert reply.refs == {**figures, "endpoint": "lab-in", "standing": "failed"}
    assert reply.fields == (("Took", "12 ms"),)


async def test_a_service_stands_for_its_only_endpoint_of_a_kind(chat: Chat) -> None:
    assert (await chat.say("probe dicom pacs")).refs["endpoint"] == "archive"
    assert (await chat.say("probe tcp lab-results")).refs["endpoint"] == "lab-port"
    in_test = await chat.say("probe mllp lab-results --environment test")
    assert (in_test.refs["endpoint"], in_test.refs["standing"]) == ("lab-in-test", "passed")


@pytest.mark.parametrize(
    ("line", "reason", "said"),
    [
        (
            "probe mllp lab-results",
            Reason.AMBIGUOUS,
            "which one? Type `probe mllp lab-in`, `probe mllp lab-out`.",
        ),
        ("probe mllp lab-inn", Reason.NOT_FOUND, "Did you mean lab-in"),
        ("probe mllp 10.1.2.3:2575", Reason.NOT_FOUND, "no endpoint or service `10.1.2.3:2575`"),
        ("probe tls pacs", Reason.NOT_FOUND, "`probe list pacs` shows what it has."),
        ("probe tls lab-in", Reason.BAD_INPUT, "Type `probe mllp lab-in`."),
        ("probe mllp lab-in --environment test", Reason.BAD_INPUT, "is in production, not in test"),
        ("probe mlp lab-in", Reason.BAD_INPUT, "mllp"),
        ("probe all portal", Reason.NOT_FOUND, "portal declares no endpoint in production"),
    ],
)
async def test_who_is_meant_is_asked_back_and_never_guessed(
    chat: Chat, line: str, reason: Reason, said: str
) -> None:
    reply = await chat.say(line)
    assert reply.reason is reason
    assert said in reply.text
    assert "standing" not in reply.refs


async def test_all_of_a_service_are_asked_and_the_worst_comes_first(chat: Chat) -> None:
    chat.prober.findings["lab-port"] = Finding(Standing.FAILED, "refuses the connection")
    chat.prober.findings["lab-out"] = Finding(Standing.UNKNOWN, "cannot be asked")
    reply = await chat.say("probe all lab-results")
    assert reply.text == "lab-results in production: 1 failed, 1 unknown, 1 passed."
    assert reply.table is not None
    assert [row[0] for row in reply.table.rows] == ["lab-port", "lab-out", "lab-in"]
    assert reply.refs["standing"] == "failed"
    assert (reply.refs["endpoint.lab-in"], reply.refs["passed"]) == ("passed", "1")


async def test_the_list_has_every_endpoint_or_those_of_a_service(chat: Chat) -> None:
    every = await chat.say("probe list")
    assert every.table is not None
    assert len(every.table.rows) == sum(map(len, ENDPOINTS.values()))
    one = await chat.say("probe list of pacs")
    assert one.table is not None
    row = ("archive", "dicom", "pacs", "production", "127.0.0.1:9")
    assert one.table.rows == (row,)
    assert "docs/probes.md" in (await chat.say("probe list portal")).text


async def test_an_account_that_the_settings_do_not_have_refuses_to_start(site: Path) -> None:
    file = site.parent / "services.yaml"
    services = json.loads(file.read_text())
    endpoint = _endpoint("directory", "ldap", tls=True, login="probe")
    services[0]["environments"]["production"]["endpoints"] = [endpoint]
    file.write_text(json.dumps(services))
    with pytest.raises(ConfigurationError, match="probe is not among logins in the settings"):
        async with opened(site):
            pass
