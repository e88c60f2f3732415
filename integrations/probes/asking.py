"""Asks an endpoint by its kind, at most ten seconds, and says how long it took."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.api import EndpointKind, Finding, Standing
from integrations.probes.answers import MOST_SECONDS
from integrations.probes.certificates import tls
from integrations.probes.databases import database
from integrations.probes.dicom import dicom
from integrations.probes.disk import disk
from integrations.probes.fhir import fhir
from integrations.probes.hl7 import mllp
from integrations.probes.kubernetes import kubernetes
from integrations.probes.ldap import ldap
from integrations.probes.ntp import clock
from integrations.probes.pages import http
from integrations.probes.sftp import sftp
from integrations.probes.systemd import systemd
from integrations.probes.wire import Unwell, opened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    import httpx

    from bot.api import Endpoint, Login

OVER_HTTP: Final = {EndpointKind.HTTP: http, EndpointKind.FHIR: fhir}


async def ask(
    client: httpx.AsyncClient, endpoint: Endpoint, login: Login, now: datetime
) -> Finding:
    """Return what was found; whatever the network does is a finding too."""
    begun = time.monotonic()
    try:
        async with asyncio.timeout(min(endpoint.seconds, MOST_SECONDS)):
            finding = await _asked(client, endpoint, login, now)
    except TimeoutError:
        finding = _unwell(Unwell("does not answer in time", "timeout"))
    except Unwell as error:
        finding = _unwell(error)
    took = round((time.monotonic() - begun) * 1000)
    return replace(finding, figures={**finding.figures, "milliseconds": str(took)})


def _unwell(error: Unwell) -> Finding:
    return Finding(error.standing, error.text, error.why, {"why": error.why})


async def _asked(
    client: httpx.AsyncClient, endpoint: Endpoint, login: Login, now: datetime
) -> Finding:
    over_http = OVER_HTTP.get(endpoint.kind)
    if over_http is not None:
        return await over_http(client, endpoint)
    if endpoint.kind is EndpointKind.KUBERNETES:
        return await kubernetes(client, endpoint, login)
    signed_in = SIGNED_IN.get(endpoint.kind)
    if signed_in is not None:
        return await signed_in(endpoint, now, login)
    return await ON_A_SOCKET[endpoint.kind](endpoint, now)


async def tcp(endpoint: Endpoint, now: datetime) -> Finding:
    """Open a connection and close it: nothing is sent."""
    del now
    async with opened(endpoint):
        return Finding(Standing.PASSED, "accepts a connection")


async def dns(endpoint: Endpoint, now: datetime) -> Finding:
    """Have this machine's resolver look a name up."""
    del now
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            endpoint.host, None, type=socket.SOCK_STREAM
        )
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            text = "cannot be looked up: the resolver does not answer"
            raise Unwell(text, "resolver", Standing.UNKNOWN) from error
        raise Unwell("is a name that nobody knows", "name") from error
    except UnicodeError as error:
        raise Unwell("is no name that can be looked up", "name") from error
    # A scope such as %eth0 belongs to this machine, not to the address.
    addresses = {str(ipaddress.ip_address(str(one[4][0]).partition("%")[0])) for one in found}
    figures = {"addresses": str(len(addresses))}
    if endpoint.addresses and addresses != set(endpoint.addresses):
        figures["why"] = "address"
        strange = len(addresses - set(endpoint.addresses))
        absent = len(set(endpoint.addresses) - addresses)
        text = f"has other addresses than expected: {strange} unexpected, {absent} missing"
        return Finding(Standing.FAILED, text, str(len(addresses)), figures)
    said = "1 address" if len(addresses) == 1 else f"{len(addresses)} addresses"
    return Finding(Standing.PASSED, f"has {said}", str(len(addresses)), figures)


ON_A_SOCKET: Final[dict[EndpointKind, Callable[[Endpoint, datetime], Awaitable[Finding]]]] = {
    EndpointKind.TCP: tcp,
    EndpointKind.TLS: tls,
    EndpointKind.DNS: dns,
    EndpointKind.MLLP: mllp,
    EndpointKind.DICOM: dicom,
    EndpointKind.DISK: disk,
    EndpointKind.CLOCK: clock,
}
SIGNED_IN: Final[dict[EndpointKind, Callable[[Endpoint, datetime, Login], Awaitable[Finding]]]] = {
    EndpointKind.LDAP: ldap,
    EndpointKind.SFTP: sftp,
    EndpointKind.DATABASE: database,
    EndpointKind.SYSTEMD: systemd,
}
