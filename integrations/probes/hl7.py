"""Asks an HL7 v2 listener over MLLP; a message only where the site says that it is safe.

HL7 2.5.1 chapter 2 (acknowledgements: table 0008) and the MLLP transport specification: a block is
0x0B, the message, 0x1C 0x0D. What an ERR segment says is never read: it may quote a patient.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Final

from bot.api import Finding, Standing
from integrations.probes.wire import Unwell, hung_up, opened

if TYPE_CHECKING:
    from datetime import datetime

    from bot.api import Endpoint

START, END = b"\x0b", b"\x1c\r"
LONGEST: Final = 1 << 16
CODES: Final = {
    "AA": (Standing.PASSED, "accepts the test message (AA)"),
    "CA": (Standing.PASSED, "takes the test message over (CA), without a word on its processing"),
    "AE": (
        Standing.FAILED,
        "has an error with the test message (AE): mend its content, do not just send it again",
    ),
    "CE": (Standing.FAILED, "cannot take the test message over (CE)"),
    "AR": (
        Standing.FAILED,
        "rejects the test message (AR): its kind, its version, or the state of the system",
    ),
    "CR": (Standing.FAILED, "rejects the test message before it takes it over (CR)"),
}


async def mllp(endpoint: Endpoint, now: datetime) -> Finding:
    """Connect, and have a test message acknowledged where that is safe."""
    async with opened(endpoint) as (reader, writer):
        if not endpoint.is_safe:
            return Finding(
                Standing.PASSED,
                "accepts a connection; no message was sent (safe_probe is not set)",
                figures={"ack": "none"},
            )
        control = f"WR{secrets.token_hex(8).upper()}"
        writer.write(START + message(endpoint, control, now).encode("ascii") + END)
        await writer.drain()
        return acknowledged(await _block(reader), control)


def message(endpoint: Endpoint, control: str, now: datetime) -> str:
    """Return an update (ADT^A08) of the test patient: nobody, by a name that says so."""
    at, receiver = now.strftime("%Y%m%d%H%M%S+0000"), endpoint.receiver
    patient = endpoint.test_patient
    segments = (
        f"MSH|^~\\&|WARDROOM|PROBE|{receiver}||{at}||ADT^A08^ADT_A01|{control}|T|2.5.1",
        f"EVN||{at}",
        f"PID|1||{patient}^^^WARDROOM^PI||ZZTEST^PROBE",
        "PV1|1|N",
    )
    return "\r".join((*segments, ""))


async def _block(reader: asyncio.StreamReader) -> bytes:
    """Return what is inside one block, of bounded length."""
    try:
        block = await reader.readuntil(END)
    except asyncio.IncompleteReadError as error:
        raise hung_up(error) from error
    except asyncio.LimitOverrunError as error:
        raise Unwell("answers far more than an acknowledgement", "garbage") from error
    if not block.startswith(START) or len(block) > LONGEST:
        raise Unwell("answers something that is no MLLP block", "garbage")
    return block[len(START) : -len(END)]


def acknowledged(block: bytes, control: str) -> Finding:
    """Judge an acknowledgement: its code, and whether it is of the message that was sent."""
    segments = block.decode("latin-1").replace("\n", "\r").split("\r")
    header = segments[0]
    if not header.startswith("MSH") or len(header) <= len("MSH"):
        raise Unwell("answers something that is no HL7 message", "garbage")
    parts = (segment.split(header[3]) for segment in segments[1:])
    fields = next((found for found in parts if found[0] == "MSA"), None)
    if fields is None or len(fields) < len(("MSA", "code", "control")):
        raise Unwell("answers without an acknowledgement", "garbage")
    if fields[1] not in CODES:
        raise Unwell("answers a code that HL7 does not know", "garbage")
    if fields[2] != control:
        raise Unwell("acknowledges another message than the one it was sent", "other_message")
    standing, said = CODES[fields[1]]
    figures = {"ack": fields[1]}
    if standing is not Standing.PASSED:
        figures["why"] = "nak"
    return Finding(standing, said, fields[1], figures)
