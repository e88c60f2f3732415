"""Asks over the network: no question takes more than five seconds, and silence has a reason."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 5.0  # seconds for one question, however its answer trickles
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class NoAnswer(Exception):
    """Nothing came back: why, and what to do about it.

    `is_refused` says that nobody listens there, which is no wonder before the start.
    """

    def __init__(self, why: str, mend: str, *, is_refused: bool = False) -> None:
        super().__init__(why)
        self.why, self.mend, self.is_refused = why, mend, is_refused


async def ask(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Return the answer, whatever it says; a redirect is not followed. `NoAnswer` says why."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await http.send(request, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ssl.SSLError) as error:
        raise silence(str(request.url), error) from error


def silence(url: str, error: BaseException) -> NoAnswer:
    """Return why an address is silent, in words, with the mend."""
    host, port = target(url)
    there, chain = f"{host}:{port}", list(_causes(error))
    look = f"look with: curl -sv {_bare(url)}"
    if any(isinstance(one, socket.gaierror) for one in chain):
        mend = f"check the address, then this machine's DNS: getent hosts {host}"
        return NoAnswer(f"nobody knows the name {host}", mend)
    untrusted = next((one for one in chain if isinstance(one, ssl.SSLCertVerificationError)), None)
    if untrusted is not None or "CERTIFICATE_VERIFY_FAILED" in str(error):
        why = untrusted.verify_message if untrusted else "not trusted"
        mend = (
            "mend the certificate; where a proxy of yours opens TLS, make its authority known "
            f"(SSL_CERT_FILE=/path/to/authorities.pem for Wardroom); {look}"
        )
        return NoAnswer(f"the certificate of {there} is not believed: {why}", mend)
    if any(isinstance(one, ConnectionRefusedError) for one in chain):
        mend = f"start what should listen there, or mend the address; {look}"
        return NoAnswer(f"nobody listens at {there}", mend, is_refused=True)
    mend = f"let this machine reach {there} (firewall, HTTPS_PROXY); {look}"
    if any(isinstance(one, TimeoutError | httpx.TimeoutException) for one in chain):
        return NoAnswer(f"{there} did not answer within {PATIENCE:.0f} s", mend)
    return NoAnswer(f"{there} cannot be talked to ({type(error).__name__})", mend)


def target(url: str) -> tuple[str, int]:
    """Return the host and the port of an address."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)


def said(response: httpx.Response) -> Mapping[str, Any]:
    """Return the JSON object of an answer; {} where it is something else."""
    try:
        data = response.json()
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def word(value: object, other: str) -> str:
    """Return a code of somebody else's as it stands, `other` where it is no plain word."""
    return value if isinstance(value, str) and value.isidentifier() else other


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came from; a try of several addresses has several."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _causes(one)
        error = error.__cause__ or error.__context__


def _bare(url: str) -> str:
    """Return an address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
