"""Shakes hands with a SQL Server without signing in: the PRELOGIN of [MS-TDS] 2.2.6.5.

The answer proves that its network layer is up and which version it is; nothing of its databases.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes.wire import Unwell, exactly, opened

if TYPE_CHECKING:
    from bot.api import Endpoint

HEADER: Final = struct.Struct(">BBHHBB")
OPTION: Final = struct.Struct(">BHH")
PRELOGIN, ANSWER, LAST = 0x12, 0x04, 0x01
VERSION, ENCRYPTION, INSTANCE, THREAD, TERMINATOR = 0x00, 0x01, 0x02, 0x03, 0xFF
ASKED: Final = {
    VERSION: bytes((11, 0, 0, 0, 0, 0)),
    ENCRYPTION: b"\x02",  # we have none to offer: nobody signs in
    INSTANCE: b"\0",
    THREAD: bytes(4),
}
LONGEST: Final = 1 << 12
# [MS-TDS] 2.2.6.5, B_FENCRYPTION.
ENCRYPTIONS: Final = {0: "off", 1: "on", 2: "none", 3: "required"}


async def prelogin(endpoint: Endpoint) -> Finding:
    """Ask for the handshake and hang up before anybody signs in."""
    async with opened(endpoint) as (reader, writer):
        writer.write(asking())
        await writer.drain()
        kind, status, length, _, _, _ = HEADER.unpack(await exactly(reader, HEADER.size))
        if kind != ANSWER or not status & LAST or not HEADER.size < length <= LONGEST:
            raise _nonsense()
        return judged(await exactly(reader, length - HEADER.size))


def asking() -> bytes:
    """Return a PRELOGIN with the options of [MS-TDS] 4.1 that every version knows."""
    place = OPTION.size * len(ASKED) + 1
    options = values = b""
    for token, value in ASKED.items():
        options += OPTION.pack(token, place + len(values), len(value))
        values += value
    body = options + bytes((TERMINATOR,)) + values
    return HEADER.pack(PRELOGIN, LAST, HEADER.size + len(body), 0, 1, 0) + body


def judged(body: bytes) -> Finding:
    """Read the answer's options: its version, and what it says of encryption."""
    found = _options(body)
    version, encryption = found.get(VERSION, b""), found.get(ENCRYPTION, b"")
    if len(version) != 6 or len(encryption) != 1 or encryption[0] not in ENCRYPTIONS:  # noqa: PLR2004 - UL_VERSION and US_SUBBUILD
        raise _nonsense()
    major, minor, build = struct.unpack(">BBH", version[:4])
    said = f"{major}.{minor}.{build}"
    figures = {"version": said, "encryption": ENCRYPTIONS[encryption[0]]}
    return Finding(Standing.PASSED, f"answers as SQL Server {said}", said, figures)


def _options(body: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    place = 0
    while place < len(body) and body[place] != TERMINATOR:
        if place + OPTION.size > len(body):
            raise _nonsense()
        token, start, length = OPTION.unpack_from(body, place)
        if start + length > len(body):
            raise _nonsense()
        found[token] = body[start : start + length]
        place += OPTION.size
    return found


def _nonsense() -> Unwell:
    return Unwell("answers something that is no SQL Server", "garbage")
