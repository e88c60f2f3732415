"""Opens and reads a connection to an endpoint; what goes wrong is one sentence and one word."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from bot.api import Standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.api import Endpoint

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
# From here there is no way to it at all: nothing is known about the other side.
NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EMFILE})
HOST_DOWN: Final = frozenset({errno.EHOSTUNREACH, errno.EHOSTDOWN})

# What OpenSSL says of a chain (x509_vfy.h, X509_V_ERR_*), as a sentence goes on.
CHAINS: Final = {
    9: ("not_yet_valid", "has a certificate that is not valid yet; one of the clocks may be off"),
    10: ("expired", "has a certificate that has expired"),
    18: ("self_signed", "has a certificate that it signed itself"),
    19: ("untrusted", "has a certificate of an authority that is not trusted here"),
    20: ("untrusted", "has a certificate of an authority that is not trusted here"),
    21: ("untrusted", "sends a chain of certificates that is not whole"),
    23: ("revoked", "has a certificate that was revoked"),
    62: ("name_mismatch", "has a certificate for another name"),
    64: ("name_mismatch", "has a certificate for another address"),
}


REFUSALS: Final = (
    (ssl.SSLError, "does not agree on TLS with us", "no_tls", Standing.FAILED),
    (
        socket.gaierror,
        "cannot be asked: its name is not known here",
        "name",
        Standing.UNKNOWN,
    ),
    (ConnectionRefusedError, "refuses the connection", "refused", Standing.FAILED),
    (TimeoutError, "does not answer in time", "timeout", Standing.FAILED),
)


class Unwell(Exception):
    """It did not do what a healthy one does; `text` goes on after its name, `why` is one word."""

    def __init__(self, text: str, why: str, standing: Standing = Standing.FAILED) -> None:
        super().__init__(text)
        self.text = text
        self.why = why
        self.standing = standing


@asynccontextmanager
async def opened(
    endpoint: Endpoint, *, is_tls: bool = False, is_plain: bool = False
) -> AsyncIterator[Pair]:
    """Connect, under TLS where the endpoint says so, and close in any case; raises `Unwell`."""
    is_tls = (is_tls or endpoint.tls) and not is_plain
    context = await trusting(endpoint) if is_tls else None
    try:
        reader, writer = await asyncio.open_connection(
            endpoint.host,
            endpoint.port,
            ssl=context,
            server_hostname=(endpoint.server_name or endpoint.host) if context else None,
        )
    except OSError as error:
        raise unconnected(error) from error
    try:
        yield reader, writer
    except OSError as error:
        raise Unwell("closed the connection in the middle", "closed") from error
    finally:
        writer.transport.abort()  # a peer that reads nothing must not keep us waiting


async def trusting(endpoint: Endpoint) -> ssl.SSLContext:
    """Return what certificates are checked by: the system's authorities, or the site's own."""
    try:
        return await asyncio.to_thread(ssl.create_default_context, cafile=endpoint.ca_file or None)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise Unwell(
            "cannot be asked: its ca_file cannot be read", "ca_file", Standing.UNKNOWN
        ) from error


def unconnected(error: OSError) -> Unwell:
    """Return why there is no connection; nothing of what the other side says is in it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why, text = CHAINS.get(
            error.verify_code, ("untrusted", "has a certificate that does not hold")
        )
        return Unwell(text, why)
    for kind, text, why, standing in REFUSALS:
        if isinstance(error, kind):
            return Unwell(text, why, standing)
    if error.errno in HOST_DOWN:
        return Unwell("is on a host that cannot be reached", "host_down")
    if error.errno in NO_WAY:
        text = "cannot be asked: there is no way to it from here"
        return Unwell(text, "no_way", Standing.UNKNOWN)
    return Unwell("breaks the connection off", "closed")


async def exactly(reader: asyncio.StreamReader, count: int) -> bytes:
    """Return so many bytes; `Unwell` where it hangs up before."""
    try:
        return await reader.readexactly(count)
    except asyncio.IncompleteReadError as error:
        raise hung_up(error) from error


def hung_up(error: asyncio.IncompleteReadError) -> Unwell:
    """Return what a connection that ended too soon means."""
    if error.partial:
        return Unwell("hangs up in the middle of its answer", "garbage")
    return Unwell("hangs up without an answer", "closed")
