"""Each kind of endpoint over real sockets on loopback: well, unwell, silent, closed, nonsense."""

from __future__ import annotations

import asyncio
import struct
from datetime import UTC, datetime

import pytest

from bot.api import Endpoint, EndpointKind, Standing
from integrations.probes import dicom, hl7
from tests.integrations.endpoint_peers import (
    ASKING,
    FAILED,
    PASSED,
    SAFE,
    SECRET,
    UNKNOWN,
    Talk,
    acknowledging,
    asked,
    closed,
    endless,
    garbage,
    hangs_up,
    listening,
    said,
    silent,
)


async def test_a_port_is_open_or_closed() -> None:
    found = await said("tcp", silent)
    assert (found.standing, found.detail) == (PASSED, "accepts a connection")
    shut = await asked("tcp", closed())
    assert (shut.standing, shut.figures["why"]) == (FAILED, "refused")


@pytest.mark.parametrize("kind", [*ASKING, "tcp"])
async def test_a_closed_port_is_refused(kind: str) -> None:
    found = await asked(kind, closed(), **ASKING.get(kind, {}))
    assert (found.standing, found.figures["why"]) == (FAILED, "refused")


@pytest.mark.parametrize("kind", ASKING)
async def test_whoever_stays_silent_is_not_waited_for_longer_than_it_says(kind: str) -> None:
    found = await said(kind, silent, seconds=0.1, **ASKING[kind])
    assert (found.standing, found.figures["why"]) == (FAILED, "timeout")


@pytest.mark.parametrize("kind", ["mllp", "dicom"])
async def test_hanging_up_is_no_answer(kind: str) -> None:
    found = await said(kind, hangs_up, **ASKING[kind])
    assert (found.standing, found.figures["why"]) == (FAILED, "closed")


@pytest.mark.parametrize("kind", ["mllp", "dicom"])
async def test_what_is_not_the_protocol_is_garbage_and_never_shown(kind: str) -> None:
    found = await said(kind, garbage, **ASKING[kind])
    assert (found.standing, found.figures["why"]) == (FAILED, "garbage")


@pytest.mark.parametrize("kind", ["mllp", "dicom"])
async def test_an_endless_answer_is_read_no_further_than_it_may_be(kind: str) -> None:
    found = await said(kind, endless, **ASKING[kind])
    assert (found.standing, found.figures["why"]) == (FAILED, "garbage")


async def test_a_name_that_nobody_knows_cannot_be_asked() -> None:
    found = await asked("tcp", 1, host="nobody.invalid")
    assert (found.standing, found.figures["why"]) == (UNKNOWN, "name")


async def test_cancelling_ends_the_question() -> None:
    async with listening(silent) as port:
        task = asyncio.create_task(asked("dicom", port, called="ARCHIVE"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# DNS


async def test_a_name_has_the_addresses_that_are_expected() -> None:
    here = await asked("dns", host="127.0.0.1", addresses=("127.0.0.1",))
    assert (here.standing, here.figures["addresses"]) == (PASSED, "1")
    moved = await asked("dns", host="127.0.0.1", addresses=("10.0.0.1", "10.0.0.2"))
    assert moved.standing is FAILED
    assert moved.detail == "has other addresses than expected: 1 unexpected, 2 missing"


async def test_a_name_that_does_not_resolve_has_failed_or_is_not_known() -> None:
    found = await asked("dns", host="nobody.invalid")
    assert (found.standing, found.figures["why"]) in ((FAILED, "name"), (UNKNOWN, "resolver"))


# HL7 over MLLP


@pytest.mark.parametrize(
    ("code", "standing"),
    [
        ("AA", PASSED),
        ("CA", PASSED),
        ("AE", FAILED),
        ("AR", FAILED),
        ("CE", FAILED),
        ("CR", FAILED),
    ],
)
async def test_each_acknowledgement_is_told_apart(code: str, standing: Standing) -> None:
    talk = acknowledging(code, extra=f"ERR|||{SECRET}\r", split=True)
    found = await said("mllp", talk, **SAFE)
    assert (found.standing, found.figures["ack"]) == (standing, code)
    assert f"({code})" in found.detail


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (acknowledging("AA", control="WR0"), "other_message"),
        (acknowledging(f"{SECRET}"), "garbage"),
        (acknowledging("AA|"), "other_message"),
    ],
)
async def test_an_acknowledgement_of_something_else_is_none(talk: Talk, why: str) -> None:
    found = await said("mllp", talk, **SAFE)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_half_an_acknowledgement_is_none() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(hl7.END)
        writer.write(b"\x0bMSH|^~\\&|LAB")
        await writer.drain()

    found = await said("mllp", talk, **SAFE)
    assert (found.standing, found.figures["why"]) == (FAILED, "garbage")


async def test_without_a_safe_probe_nothing_is_sent() -> None:
    received = asyncio.Queue[bytes]()

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        try:
            received.put_nowait(await reader.read())
        except ConnectionError:
            received.put_nowait(b"")

    async with listening(talk) as port:
        found = await asked("mllp", port)
        assert (found.standing, found.figures["ack"]) == (PASSED, "none")
        assert await received.get() == b""


def test_the_test_message_is_about_the_test_patient_alone() -> None:
    endpoint = Endpoint("it", EndpointKind.MLLP, test_patient="ZZTEST001", receiver="LAB")
    said = hl7.message(endpoint, "WR1", datetime(2026, 3, 1, 3, 10, tzinfo=UTC))
    assert said.split("\r") == [
        "MSH|^~\\&|WARDROOM|PROBE|LAB||20260301031000+0000||ADT^A08^ADT_A01|WR1|T|2.5.1",
        "EVN||20260301031000+0000",
        "PID|1||ZZTEST001^^^WARDROOM^PI||ZZTEST^PROBE",
        "PV1|1|N",
        "",
    ]


# DICOM


def answering(*pdus: bytes) -> Talk:
    """Return a node that answers each thing it is sent with the next PDU, then waits."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for pdu in pdus:
            size = struct.unpack(">BBI", await reader.readexactly(6))[2]
            await reader.readexactly(size)
            writer.write(pdu)
            await writer.drain()
        await silent(reader, writer)

    return talk


def framed(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body)) + body


def accepting(result: int = 0) -> bytes:
    syntax = b"\x40\0" + struct.pack(">H", 17) + b"1.2.840.10008.1.2"
    context = b"\x21\0" + struct.pack(">H", 4 + len(syntax)) + bytes((1, 0, result, 0)) + syntax
    return framed(2, struct.pack(">HH", 1, 0) + b" " * 32 + bytes(32) + context)


def status(number: int, *, of: int = 1, cut: int = 0) -> bytes:
    """Return a C-ECHO-RSP, in two fragments where it is cut."""
    values = ((0x0100, 0x8030), (0x0120, of), (0x0800, 0x0101), (0x0900, number))
    command = b"".join(struct.pack("<HHIH", 0, one, 2, value) for one, value in values)
    parts = [command[:cut], command[cut:]] if cut else [command]
    last = len(parts) - 1
    return b"".join(
        framed(4, struct.pack(">IBB", len(part) + 2, 1, 3 if number == last else 1) + part)
        for number, part in enumerate(parts)
    )


async def test_an_echo_is_answered() -> None:
    for answer in (status(0), status(0, cut=11)):
        found = await said("dicom", answering(accepting(), answer), called="ARCHIVE")
        assert (found.standing, found.detail) == (PASSED, "answers the echo")


async def test_an_echo_with_another_status_has_failed() -> None:
    found = await said("dicom", answering(accepting(), status(0x0122)), called="ARCHIVE")
    assert (found.standing, found.value, found.figures["why"]) == (FAILED, "0x0122", "status")


@pytest.mark.parametrize(
    ("rejection", "text", "why"),
    [
        ((1, 1, 7), "rejects the association for good: it does not know the AE title", "called_"),
        ((1, 1, 3), "rejects the association for good: it does not know our AE", "calling_"),
        ((2, 3, 1), "rejects the association for now: it is overloaded", "rejected"),
        ((1, 2, 2), "rejects the association for good: it does not speak this", "rejected"),
        ((9, 9, 9), "rejects the association for good: for a reason that DICOM", "rejected"),
    ],
)
async def test_a_rejection_is_told_in_words(
    rejection: tuple[int, int, int], text: str, why: str
) -> None:
    found = await said("dicom", answering(framed(3, bytes((0, *rejection)))), called="ARCHIVE")
    assert found.standing is FAILED
    assert found.detail.startswith(text)
    assert found.figures["why"].startswith(why)


@pytest.mark.parametrize(
    ("pdus", "why"),
    [
        ((accepting(result=3),), "refused_service"),
        ((framed(7, bytes((0, 0, 0, 0))),), "aborted"),
        ((accepting(), framed(7, bytes(4))), "aborted"),
        ((accepting(), status(0, of=2)), "garbage"),
        ((accepting(), framed(4, b"\xff" * 40)), "garbage"),
        ((accepting(), framed(4, b"")), "garbage"),
        ((framed(2, bytes(68)),), "garbage"),
        ((framed(3, b""),), "garbage"),
        ((struct.pack(">BBI", 2, 0, 1 << 31),), "garbage"),
    ],
)
async def test_what_is_no_association_is_told_apart(pdus: tuple[bytes, ...], why: str) -> None:
    found = await said("dicom", answering(*pdus), called="ARCHIVE")
    assert (found.standing, found.figures["why"]) == (FAILED, why)


def test_titles_are_padded_to_sixteen_characters() -> None:
    pdu = dicom.association("ARCHIVE", "WARDROOM")
    assert pdu[10:42] == b"ARCHIVE         WARDROOM        "
    assert len(pdu) == 6 + struct.unpack(">I", pdu[2:6])[0]
