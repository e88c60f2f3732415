"""Compares this machine's clock with a time server's: SNTP (RFC 4330), a client of NTP (RFC 5905).

One datagram of 48 bytes each way. The differences are taken modulo 2**64, so that the end of the
NTP era in 2036 changes nothing.
"""

from __future__ import annotations

import asyncio
import secrets
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes.wire import Unwell, unconnected

if TYPE_CHECKING:
    from datetime import datetime

    from bot.api import Endpoint

PORT: Final = 123
PACKET: Final = struct.Struct(">BBbb3I4Q")
VERSION_4_CLIENT: Final = 0b00_100_011
SERVER: Final = 4
VERSIONS: Final = (3, 4)
ALARM: Final = 3  # RFC 5905 figure 9: the server's own clock is not synchronised
MOST_STRATUM: Final = 15
SINCE_1900: Final = 2_208_988_800
NANOSECONDS: Final = 10**9
ERA: Final = 1 << 64
# RFC 5905 figure 13, as a sentence goes on.
KISSES: Final = {
    b"DENY": "does not want to be asked from here (DENY)",
    b"RSTR": "does not want to be asked from here (RSTR)",
    b"RATE": "is asked too often from here (RATE): ask it more seldom",
    b"INIT": "is not synchronised yet (INIT)",
    b"STEP": "is about to set its clock (STEP)",
    b"CRYP": "wants to be asked with a key (CRYP)",
    b"AUTH": "wants to be asked with a key (AUTH)",
}


@dataclass(frozen=True)
class Compared:
    """What one exchange tells: how far the server is ahead, and how long the way took."""

    offset_ms: int
    delay_ms: int
    stratum: int


async def clock(endpoint: Endpoint, now: datetime) -> Finding:
    """Ask once, and judge how far the two clocks are apart."""
    del now  # the machine's own clock is what is compared
    answers: asyncio.Queue[tuple[bytes, int] | OSError] = asyncio.Queue(maxsize=1)
    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Listening(answers),
            remote_addr=(endpoint.host, endpoint.port or PORT),
        )
    except OSError as error:
        raise unconnected(error) from error
    try:
        # RFC 9109's reasoning: what is sent says nothing of us, and cannot be guessed.
        cookie = secrets.randbits(64) or 1
        sent = _stamp(time.time_ns())
        transport.sendto(asking(cookie))
        answer = await answers.get()
    finally:
        transport.abort()
    if isinstance(answer, OSError):
        raise unconnected(answer) from answer
    datagram, came = answer
    return judged(compared(datagram, cookie, sent, came), endpoint.fail_above_ms)


class _Listening(asyncio.DatagramProtocol):  # asyncio wants to be inherited from
    """Keeps the first answer and the moment of it, or what went wrong."""

    def __init__(self, answers: asyncio.Queue[tuple[bytes, int] | OSError]) -> None:
        self.answers = answers

    def datagram_received(self, data: bytes, _address: object) -> None:
        """Keep the first one."""
        if not self.answers.full():
            self.answers.put_nowait((data, _stamp(time.time_ns())))

    def error_received(self, exc: Exception) -> None:
        """Keep what the network says, such as that nobody listens there."""
        if not self.answers.full() and isinstance(exc, OSError):
            self.answers.put_nowait(exc)


def asking(cookie: int) -> bytes:
    """Return the question; `cookie` is what the answer has to repeat."""
    return PACKET.pack(VERSION_4_CLIENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, cookie)


def compared(datagram: bytes, cookie: int, sent: int, came: int) -> Compared:
    """Read an answer (times in units of 2**-32 s); `Unwell` where it is none, or tells no time."""
    if len(datagram) < PACKET.size:
        raise Unwell("answers something that is no NTP", "garbage")
    first, stratum, _, _, _, _, reference, _, origin, received, transmitted = PACKET.unpack_from(
        datagram
    )
    leap, version, mode = first >> 6, first >> 3 & 0b111, first & 0b111
    if mode != SERVER or version not in VERSIONS or origin != cookie:
        raise Unwell("answers something that is no NTP, or another question", "garbage")
    if stratum == 0:
        text = KISSES.get(reference.to_bytes(4, "big"), "does not want to be asked")
        raise Unwell(text, "kiss_of_death")
    if leap == ALARM or stratum > MOST_STRATUM:
        raise Unwell("is not synchronised itself", "unsynchronised")
    if not received or not transmitted:
        raise Unwell("answers without the time", "garbage")
    there, back = _signed(received - sent), _signed(transmitted - came)
    delay = max(0, _signed(came - sent) - _signed(transmitted - received))
    return Compared(_milliseconds((there + back) // 2), _milliseconds(delay), stratum)


def judged(found: Compared, most_ms: int) -> Finding:
    """Judge a difference in either direction."""
    away = abs(found.offset_ms)
    figures = {
        "offset_ms": str(found.offset_ms),
        "delay_ms": str(found.delay_ms),
        "stratum": str(found.stratum),
    }
    where = "ahead of" if found.offset_ms > 0 else "behind"
    said = f"is {away} ms {where} this machine's clock" if away else "has this machine's time"
    said = f"{said} (stratum {found.stratum})"
    if away > most_ms:
        figures["why"] = "drift"
        said = f"{said}, more than {most_ms} ms: one of the clocks is off"
        return Finding(Standing.FAILED, said, figures["offset_ms"], figures)
    return Finding(Standing.PASSED, said, figures["offset_ms"], figures)


def _stamp(nanoseconds: int) -> int:
    """Return a time as NTP counts it: seconds since 1900 and their fraction, 64 bits."""
    whole = nanoseconds + SINCE_1900 * NANOSECONDS
    return (whole << 32) // NANOSECONDS % ERA


def _signed(difference: int) -> int:
    difference %= ERA
    return difference - ERA if difference >= ERA // 2 else difference


def _milliseconds(units: int) -> int:
    return round(units * 1000 / (1 << 32))
