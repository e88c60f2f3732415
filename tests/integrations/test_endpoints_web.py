"""Certificates, pages and capability statements over real sockets on loopback."""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.api import Endpoint, EndpointKind, Finding, Probe
from bot.ground import SystemClock
from integrations.probes import HttpProber, certificates
from tests.integrations.authority import Authority
from tests.integrations.endpoint_peers import (
    FAILED,
    PASSED,
    SAFE,
    SECRET,
    UNKNOWN,
    Talk,
    acknowledging,
    asked,
    closed,
    garbage,
    listening,
    said,
    silent,
)
from tests.serving import NO_TLS

# Certificates


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("ca"))


async def shown(context: ssl.SSLContext, **keys: Any) -> Finding:
    """Ask a listener that shows such a certificate."""
    async with listening(silent, context) as port:
        return await asked("tls", port, **keys)


async def test_a_certificate_that_holds_passes_with_its_days(authority: Authority) -> None:
    found = await shown(authority.server(days=200), ca_file=str(authority.file))
    assert (found.standing, found.figures["days_left"]) == (PASSED, "200")
    named = await shown(
        authority.server(days=20), ca_file=str(authority.file), server_name="lab.test"
    )
    assert (named.standing, named.figures["rung"]) == (PASSED, "30")
    assert "renew it in time" in named.detail


async def test_five_days_left_have_failed_unless_the_site_says_less(authority: Authority) -> None:
    context, ca_file = authority.server(days=5), str(authority.file)
    found = await shown(context, ca_file=ca_file)
    assert (found.standing, found.figures["why"]) == (FAILED, "expires_soon")
    assert (await shown(context, ca_file=ca_file, fail_below_days=3)).standing is PASSED


async def test_each_thing_that_is_wrong_with_a_certificate_is_told_apart(
    authority: Authority,
) -> None:
    ca_file = str(authority.file)
    for context, keys, why in (
        (authority.server(days=-2), {"ca_file": ca_file}, "expired"),
        (authority.server(since=2), {"ca_file": ca_file}, "not_yet_valid"),
        (authority.server(), {}, "untrusted"),
        (authority.server(is_own=True), {"ca_file": ca_file}, "self_signed"),
        (authority.server(names=("other.test",)), {"ca_file": ca_file}, "name_mismatch"),
        (authority.server(), {"ca_file": ca_file, "server_name": "x.test"}, "name_mismatch"),
    ):
        found = await shown(context, **keys)
        assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_a_listener_without_tls_is_told(authority: Authority) -> None:
    found = await said("tls", garbage, ca_file=str(authority.file))
    assert (found.standing, found.figures["why"]) == (FAILED, "no_tls")
    broken = await asked("tls", 1, ca_file="/nowhere/ca.pem")
    assert (broken.standing, broken.figures["why"]) == (UNKNOWN, "ca_file")


@pytest.mark.parametrize(
    ("days", "rung"), [(61, None), (60, "60"), (30, "30"), (14, "14"), (7, "7"), (1, "1")]
)
def test_the_ladder_has_a_rung_for_each_mark(days: int, rung: str | None) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    found = certificates.judged(7, now + timedelta(days=days, hours=1), now)
    assert found.figures.get("rung") == rung
    assert found.standing is (FAILED if days <= 7 else PASSED)


async def test_mllp_goes_over_tls(authority: Authority) -> None:
    async with listening(acknowledging("AA"), authority.server()) as port:
        found = await asked("mllp", port, tls=True, ca_file=str(authority.file), **SAFE)
        assert (found.standing, found.figures["ack"]) == (PASSED, "AA")
        untrusted = await asked("mllp", port, tls=True, **SAFE)
        assert (untrusted.standing, untrusted.figures["why"]) == (FAILED, "untrusted")


# HTTP and FHIR


def serving(body: object = b"ok", code: int = 200, head: str = "") -> Talk:
    """Return a web server with one answer for every path."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        size = f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        writer.write(f"HTTP/1.1 {code} X\r\n{head}{size}".encode() + content)
        await writer.drain()

    return talk


async def page(kind: str, talk: Talk, **keys: Any) -> Finding:
    """Ask a web server."""
    async with listening(talk) as port:
        return await asked(kind, url=f"http://127.0.0.1:{port}/x", **keys)


SIGN_IN = b"<html><form><input name=p type='password'></form>"


@pytest.mark.parametrize(
    ("talk", "keys", "why"),
    [
        (serving(), {}, ""),
        (serving(code=503), {}, "status"),
        (serving(code=401), {"status": 401}, ""),
        (serving(code=302, head="Location: /login\r\n"), {}, "redirect"),
        (serving(SIGN_IN), {}, "sign_in"),
        (serving(SIGN_IN), {"is_sign_in": True}, ""),
        (serving(), {"is_sign_in": True}, "no_sign_in"),
        (silent, {"seconds": 0.1}, "timeout"),
        (garbage, {}, "garbage"),
    ],
)
async def test_a_page_is_judged_by_its_status_and_what_it_asks(
    talk: Talk, keys: dict[str, Any], why: str
) -> None:
    found = await page("http", talk, **keys)
    assert (found.standing, found.figures.get("why", "")) == (FAILED if why else PASSED, why)


async def test_a_web_server_that_is_not_there_is_refused() -> None:
    found = await asked("http", url=f"http://127.0.0.1:{closed()}/")
    assert (found.standing, found.figures["why"]) == (FAILED, "refused")


async def test_https_trusts_the_authority_of_the_site(authority: Authority) -> None:
    async with listening(serving(), authority.server()) as port:
        url = f"https://127.0.0.1:{port}/"
        assert (await asked("http", url=url, ca_file=str(authority.file))).standing is PASSED
    async with listening(serving(), authority.server(days=-1)) as port:
        url = f"https://127.0.0.1:{port}/"
        found = await asked("http", url=url, ca_file=str(authority.file))
        assert (found.standing, found.figures["why"]) == (FAILED, "expired")


STATEMENT = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "fhirVersion": "4.0.1",
    "implementation": {"description": SECRET},
    "rest": [{"mode": "server", "resource": [{"type": "Patient"}, {"type": "Encounter"}]}],
}


async def test_a_capability_statement_says_its_version_and_how_many_resources() -> None:
    found = await page("fhir", serving(STATEMENT), resources=("Patient",), fhir_version="4.0.1")
    assert (found.standing, found.figures["resources"]) == (PASSED, "2")
    assert found.detail == "speaks FHIR 4.0.1 (active) about 2 resources"


@pytest.mark.parametrize(
    ("statement", "keys", "why"),
    [
        (STATEMENT, {"fhir_version": "4.3.0"}, "version"),
        (STATEMENT, {"resources": ("Patient", "Observation")}, "resources"),
        ({**STATEMENT, "status": "retired"}, {}, "retired"),
        ({**STATEMENT, "status": SECRET}, {}, "garbage"),
        ({**STATEMENT, "fhirVersion": SECRET}, {}, "garbage"),
        ({**STATEMENT, "rest": [{"mode": "client"}]}, {}, "garbage"),
        ({"resourceType": "Patient"}, {}, "garbage"),
        (b"{", {}, "garbage"),
        (b"[" * 100_000, {}, "garbage"),
        (STATEMENT, {"smart": True}, "smart"),
    ],
)
async def test_a_statement_that_is_not_as_expected_has_failed(
    statement: object, keys: dict[str, Any], why: str
) -> None:
    found = await page("fhir", serving(statement), **keys)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_a_smart_configuration_can_be_wanted() -> None:
    both = {**STATEMENT, "token_endpoint": "https://x/token", "capabilities": []}
    found = await page("fhir", serving(both), smart=True)
    assert (found.standing, found.figures["smart"]) == (PASSED, "yes")
    assert (await page("fhir", serving(STATEMENT, 503))).figures["why"] == "status"


# As a pre-check


async def test_a_check_of_the_kind_endpoint_asks_it() -> None:
    async with listening(silent) as port, httpx.AsyncClient(verify=NO_TLS) as client:
        target = Endpoint("lab-in", EndpointKind.TCP, host="127.0.0.1", port=port)
        found = await HttpProber(client, SystemClock()).look(Probe("endpoint", target=target))
    assert found.standing is PASSED
