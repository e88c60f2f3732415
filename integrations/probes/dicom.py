"""Asks a DICOM node for verification (C-ECHO): DICOM PS3.8 (the PDUs) and PS3.7 9.1.5, 9.3.5."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes.wire import Unwell, exactly, opened

if TYPE_CHECKING:
    from asyncio import StreamReader
    from datetime import datetime

    from bot.api import Endpoint

CONTEXT: Final = b"1.2.840.10008.3.1.1.1"
VERIFICATION: Final = b"1.2.840.10008.1.1"
IMPLICIT_LITTLE: Final = b"1.2.840.10008.1.2"
# A UID from a UUID (PS3.5 B.2): nobody has to hand out a root for it.
IMPLEMENTATION: Final = b"2.25.171503288114839720361927504417629380551"
REQUEST, ACCEPT, REJECT, DATA, RELEASE, ABORT = 1, 2, 3, 4, 5, 7
ECHO, ECHOED, NO_DATA_SET = 0x0030, 0x8030, 0x0101
MESSAGE_ID: Final = 1
PRESENTATION: Final = 1
COMMAND, LAST = 1, 2
LONGEST: Final = 1 << 16
FIXED: Final = 68  # of an A-ASSOCIATE-AC, before its items (PS3.8 table 9-17)

# PS3.8 table 9-21, by who rejects and why.
REASONS: Final = {
    (1, 1): "without a reason",
    (1, 2): "it does not know the application context",
    (1, 3): "it does not know our AE title (calling)",
    (1, 7): "it does not know the AE title that we call (called)",
    (2, 1): "without a reason, by its association control",
    (2, 2): "it does not speak this version of the protocol",
    (3, 1): "it is overloaded for the moment",
    (3, 2): "it has as many associations as it takes",
}
# PS3.8 table 9-18: how it answers what it was asked to speak about.
REFUSED: Final = {
    1: "it does not want to",
    2: "without a reason",
    3: "it has no verification service",
    4: "it knows no transfer syntax of ours",
}


async def dicom(endpoint: Endpoint, now: datetime) -> Finding:
    """Associate, ask for an echo, and release the association again."""
    del now
    async with opened(endpoint) as (reader, writer):
        writer.write(association(endpoint.called, endpoint.calling))
        await writer.drain()
        accepted(*await _pdu(reader))
        writer.write(echo())
        await writer.drain()
        status = echoed(await _command(reader))
        writer.write(_framed(RELEASE, bytes(4)))
        await writer.drain()
    if status:
        text = f"answers the echo with the status 0x{status:04X}"
        figures = {"why": "status", "status": f"0x{status:04X}"}
        return Finding(Standing.FAILED, text, figures["status"], figures)
    return Finding(Standing.PASSED, "answers the echo", "0x0000", {"status": "0x0000"})


def association(called: str, calling: str) -> bytes:
    """Return the request for an association about verification alone (PS3.8 9.3.2)."""
    titles = called.encode("ascii").ljust(16) + calling.encode("ascii").ljust(16)
    syntaxes = _item(0x30, VERIFICATION) + _item(0x40, IMPLICIT_LITTLE)
    user = _item(0x51, struct.pack(">I", LONGEST)) + _item(0x52, IMPLEMENTATION)
    items = (
        _item(0x10, CONTEXT),
        _item(0x20, bytes((PRESENTATION, 0, 0, 0)) + syntaxes),
        _item(0x50, user),
    )
    return _framed(REQUEST, struct.pack(">HH", 1, 0) + titles + bytes(32) + b"".join(items))


def echo() -> bytes:
    """Return the C-ECHO-RQ, as one command in one PDU (PS3.7 9.3.5.1)."""
    elements = (
        _element(0x0002, VERIFICATION + b"\0" * (len(VERIFICATION) % 2)),
        _element(0x0100, struct.pack("<H", ECHO)),
        _element(0x0110, struct.pack("<H", MESSAGE_ID)),
        _element(0x0800, struct.pack("<H", NO_DATA_SET)),
    )
    body = b"".join(elements)
    command = _element(0x0000, struct.pack("<I", len(body))) + body
    fragment = bytes((PRESENTATION, COMMAND | LAST)) + command
    return _framed(DATA, struct.pack(">I", len(fragment)) + fragment)


def accepted(kind: int, body: bytes) -> None:
    """Let pass an association that may ask for an echo; `Unwell` says why it may not."""
    if kind == REJECT and len(body) >= len(bytes(4)):
        reason = REASONS.get((body[2], body[3]), "for a reason that DICOM does not know")
        lasting = "for now" if body[1] == 2 else "for good"  # noqa: PLR2004 - PS3.8: rejected-transient
        why = {(1, 3): "calling_unknown", (1, 7): "called_unknown"}.get((body[2], body[3]))
        raise Unwell(f"rejects the association {lasting}: {reason}", why or "rejected")
    if kind != ACCEPT:
        raise _unexpected(kind)
    for item, content in _items(body[FIXED:]):
        if item == 0x21 and len(content) >= len(bytes(4)) and content[0] == PRESENTATION:  # noqa: PLR2004 - PS3.8 table 9-18
            if content[2] == 0:
                return
            reason = REFUSED.get(content[2], "for a reason that DICOM does not know")
            raise Unwell(f"associates, but refuses verification: {reason}", "refused_service")
    raise Unwell("associates, but does not say about what", "garbage")


def echoed(command: bytes) -> int:
    """Return the status of a C-ECHO-RSP; `Unwell` where it is none, or of another question."""
    found: dict[int, bytes] = {}
    while command:
        if len(command) < struct.calcsize("<HHI"):
            raise _nonsense()
        group, element, length = struct.unpack_from("<HHI", command)
        if group != 0 or length > len(command) - 8:
            raise _nonsense()
        found[element] = command[8 : 8 + length]
        command = command[8 + length :]
    asked, of, status = (_number(found.get(element)) for element in (0x0100, 0x0120, 0x0900))
    if asked != ECHOED or of != MESSAGE_ID or status is None:
        raise _nonsense()
    return status


async def _command(reader: StreamReader) -> bytes:
    """Return a command, which may come in several fragments and PDUs."""
    command = b""
    while len(command) <= LONGEST:
        kind, body = await _pdu(reader)
        if kind != DATA:
            raise _broken_off(kind)
        fragments, is_whole = fragment(body)
        command += fragments
        if is_whole:
            return command
        if not fragments:
            break
    raise _nonsense()


def fragment(body: bytes) -> tuple[bytes, bool]:
    """Return the part of a command that a P-DATA-TF holds, and whether it is the last one."""
    found, is_whole = b"", False
    while body:
        if len(body) < struct.calcsize(">IBB"):
            raise _nonsense()
        length, context, control = struct.unpack_from(">IBB", body)
        if not 2 <= length <= len(body) - 4 or context != PRESENTATION or not control & COMMAND:  # noqa: PLR2004 - its two bytes of header
            raise _nonsense()
        found += body[6 : 4 + length]
        is_whole = is_whole or bool(control & LAST)
        body = body[4 + length :]
    return found, is_whole


async def _pdu(reader: StreamReader) -> tuple[int, bytes]:
    kind, _, length = struct.unpack(">BBI", await exactly(reader, 6))
    if kind not in range(REQUEST, ABORT + 1) or length > LONGEST:
        raise _nonsense()
    return kind, await exactly(reader, length)


def _items(body: bytes) -> list[tuple[int, bytes]]:
    found = []
    while body:
        if len(body) < struct.calcsize(">BBH"):
            raise _nonsense()
        kind, _, length = struct.unpack_from(">BBH", body)
        if length > len(body) - 4:
            raise _nonsense()
        found.append((kind, body[4 : 4 + length]))
        body = body[4 + length :]
    return found


def _number(value: bytes | None) -> int | None:
    if value is None or len(value) != struct.calcsize("<H"):
        return None
    return int.from_bytes(value, "little")


def _unexpected(kind: int) -> Unwell:
    if kind == ABORT:
        return Unwell("breaks the association off", "aborted")
    return _nonsense()


def _broken_off(kind: int) -> Unwell:
    """Return what instead of an echo means; Orthanc breaks off so on a title it does not know."""
    if kind == ABORT:
        text = "associates, then breaks it off; does it know our AE title (calling)?"
        return Unwell(text, "aborted")
    return _nonsense()


def _nonsense() -> Unwell:
    return Unwell("answers something that is no DICOM", "garbage")


def _framed(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body)) + body


def _item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def _element(element: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, element, len(value)) + value
