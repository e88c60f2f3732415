"""Binds to an LDAP directory and unbinds again: RFC 4511 4.2, and StartTLS (4.14).

Four kinds of message in BER (ITU-T X.690, of definite length as 5.1 asks for); no library that is
alive and pure Python speaks them. Of an answer only the result code is read: the diagnostic
message and the matched name may say who somebody is, and Active Directory's say why.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes.wire import Unwell, exactly, opened, trusting, unconnected

if TYPE_CHECKING:
    from datetime import datetime

    from bot.api import Endpoint, Login

INTEGER, OCTETS, ENUMERATED, SEQUENCE = 0x02, 0x04, 0x0A, 0x30
BIND, BOUND, UNBIND, EXTENDED, EXTENDED_ANSWER = 0x60, 0x61, 0x42, 0x77, 0x78
SIMPLE, NAME = 0x80, 0x80
VERSION: Final = 3
START_TLS_OID: Final = b"1.3.6.1.4.1.1466.20037"
LONGEST: Final = 1 << 16
SHORT: Final = 0x80  # below it a length is one byte; above, the count of those that follow
MOST_CODE: Final = 0xFFFF
START_TLS_ID, NOTICE_ID = 1, 0

# RFC 4511 4.1.9, appendix A.
RESULTS: Final = {
    0: "success",
    1: "operationsError",
    2: "protocolError",
    3: "timeLimitExceeded",
    4: "sizeLimitExceeded",
    7: "authMethodNotSupported",
    8: "strongerAuthRequired",
    10: "referral",
    11: "adminLimitExceeded",
    12: "unavailableCriticalExtension",
    13: "confidentialityRequired",
    14: "saslBindInProgress",
    32: "noSuchObject",
    34: "invalidDNSyntax",
    48: "inappropriateAuthentication",
    49: "invalidCredentials",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
    80: "other",
}
REASONS: Final = {
    49: "credentials",
    48: "credentials",
    51: "busy",
    52: "unavailable",
    8: "encryption",
    13: "encryption",
}


async def ldap(endpoint: Endpoint, now: datetime, login: Login) -> Finding:
    """Bind as the account, or as nobody where there is none."""
    del now
    async with opened(endpoint) as (reader, writer):
        if endpoint.start_tls:
            await _start_tls(endpoint, reader, writer)
        # An answer that somebody put before the start of TLS cannot have this number.
        number = START_TLS_ID + 1 + secrets.randbits(24)
        writer.write(_message(number, bind(login.user, login.password)))
        await writer.drain()
        code = result(await _answer(reader), number, BOUND)
        writer.write(_message(number + 1, bytes((UNBIND, 0))))
        await writer.drain()
    return judged(code, is_anonymous=not login.user)


def judged(code: int, *, is_anonymous: bool) -> Finding:
    """Judge the result of a bind, in LDAP's own words."""
    said = f"{code} {RESULTS.get(code, 'unknown to LDAP')}"
    if code == 0:
        text = "answers an anonymous bind" if is_anonymous else "lets the account bind"
        return Finding(Standing.PASSED, text, said, {"result": said})
    figures = {"result": said, "why": REASONS.get(code, "refused_bind")}
    return Finding(Standing.FAILED, f"refuses the bind: {said}", said, figures)


async def _start_tls(
    endpoint: Endpoint, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(_message(START_TLS_ID, _framed(EXTENDED, _framed(NAME, START_TLS_OID))))
    await writer.drain()
    code = result(await _answer(reader), START_TLS_ID, EXTENDED_ANSWER)
    if code:
        text = f"does not start TLS: {code} {RESULTS.get(code, 'unknown to LDAP')}"
        raise Unwell(text, "no_tls")
    context = await trusting(endpoint)
    try:
        await writer.start_tls(context, server_hostname=endpoint.server_name or endpoint.host)
    except OSError as error:
        raise unconnected(error) from error


def bind(name: str, password: str) -> bytes:
    """Return a BindRequest with a name and a password, both "" for an anonymous one."""
    content = (
        _framed(INTEGER, bytes((VERSION,))),
        _framed(OCTETS, name.encode()),
        _framed(SIMPLE, password.encode()),
    )
    return _framed(BIND, b"".join(content))


def result(message: bytes, asked: int, wanted: int) -> int:
    """Return the result code of an answer to what was asked; `Unwell` where it is none."""
    tag, number, rest = taken(message)
    kind, content, _ = taken(rest)
    of = int.from_bytes(number, "big", signed=True)
    if tag != INTEGER:
        raise _nonsense()
    is_notice = of == NOTICE_ID and kind == EXTENDED_ANSWER
    if not is_notice and (of != asked or kind != wanted):
        raise _nonsense()
    tag, value, _ = taken(content)
    code = int.from_bytes(value, "big", signed=True)
    if tag != ENUMERATED or not 0 <= code <= MOST_CODE:
        raise _nonsense()
    if is_notice:
        said = f"{code} {RESULTS.get(code, 'unknown to LDAP')}"
        raise Unwell(f"hangs up: {said}", REASONS.get(code, "closed"))
    return code


def taken(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the first element of some BER: its tag, its content, and what comes after it."""
    if len(data) < 2:  # noqa: PLR2004 - a tag and a length
        raise _nonsense()
    tag, length, start = data[0], data[1], 2
    if length >= SHORT:
        start += length - SHORT
        if not 0 < length - SHORT <= 4 or start > len(data):  # noqa: PLR2004 - longer ones are never ours
            raise _nonsense()
        length = int.from_bytes(data[2:start], "big")
    if length > len(data) - start:
        raise _nonsense()
    return tag, data[start : start + length], data[start + length :]


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """Return what is inside one LDAPMessage, of bounded length."""
    tag, length = await exactly(reader, 2)
    if tag != SEQUENCE or length == SHORT or length > SHORT + 4:
        raise _nonsense()
    if length > SHORT:
        length = int.from_bytes(await exactly(reader, length - SHORT), "big")
    if length > LONGEST:
        raise Unwell("answers far more than was asked for", "garbage")
    return await exactly(reader, length)


def _message(number: int, operation: bytes) -> bytes:
    counted = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return _framed(SEQUENCE, _framed(INTEGER, counted) + operation)


def _framed(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < SHORT:
        return bytes((tag, size)) + content
    counted = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, SHORT + len(counted))) + counted + content


def _nonsense() -> Unwell:
    return Unwell("answers something that is no LDAP", "garbage")
