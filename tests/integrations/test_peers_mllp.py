"""The MLLP probe agrees with a listener that others wrote: the `hl7` package's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import hl7
import pytest
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

from bot.api import Finding, Standing
from tests.integrations.endpoint_peers import FAILED, PASSED, SAFE, asked

Answer = Callable[[hl7.Message, HL7StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listener(answer: Answer) -> AsyncIterator[tuple[int, list[hl7.Message]]]:
    """Have that package read what comes and answer it; yields its port and what it read."""
    received: list[hl7.Message] = []
    writers: list[HL7StreamWriter] = []

    async def talk(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        writers.append(writer)
        try:
            message = await reader.readmessage()
            received.append(message)
            await answer(message, writer)
        except (OSError, EOFError):
            pass  # the probe has hung up: it has seen enough

    server = await start_hl7_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], received
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


def acks(code: str, **keys: Any) -> Answer:
    """Return an answer as the package makes it."""

    async def answer(message: hl7.Message, writer: HL7StreamWriter) -> None:
        writer.writemessage(message.create_ack(code, **keys))
        await writer.drain()

    return answer


def another() -> Answer:
    """Return an acknowledgement of a message that we did not send."""

    async def answer(message: hl7.Message, writer: HL7StreamWriter) -> None:
        ack = message.create_ack("AA")
        ack.segment("MSA")[2] = "WR0"
        writer.writemessage(ack)
        await writer.drain()

    return answer


def says(answered: bytes) -> Answer:
    """Return an answer that is no acknowledgement."""

    async def answer(_message: hl7.Message, writer: HL7StreamWriter) -> None:
        writer.write(answered)
        await writer.drain()
        writer.close()

    return answer


async def silent(_message: hl7.Message, _writer: HL7StreamWriter) -> None:
    pass


async def hangs_up(_message: hl7.Message, writer: HL7StreamWriter) -> None:
    writer.close()


async def asked_of(answer: Answer, **keys: Any) -> Finding:
    async with listener(answer) as (port, received):
        found = await asked("mllp", port, **{**SAFE, **keys})
    # What we send is a message to that package too, and about the test patient alone.
    assert [str(one.segment("PID")[3]) for one in received] == ["ZZTEST001^^^WARDROOM^PI"]
    return found


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
async def test_each_of_its_acknowledgements_is_understood(code: str, standing: Standing) -> None:
    found = await asked_of(acks(code, application="LAB", facility="X"))
    assert (found.standing, found.figures["ack"]) == (standing, code)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (another(), "other_message"),
        (says(b"\x15"), "garbage"),  # the NAK of MLLP release 2
        (says(b"\x0b\x15\x1c\r"), "garbage"),
        (says(b"ZZTEST^PATIENT\r"), "garbage"),
        (hangs_up, "closed"),
    ],
)
async def test_what_is_no_acknowledgement_of_ours_has_failed(answer: Answer, why: str) -> None:
    found = await asked_of(answer)
    assert (found.standing, found.figures["why"]) == (FAILED, why)


async def test_a_listener_that_reads_and_says_nothing_is_not_waited_for() -> None:
    found = await asked_of(silent, seconds=0.2)
    assert (found.standing, found.figures["why"]) == (FAILED, "timeout")


async def test_a_listener_that_is_gone_is_refused() -> None:
    async with listener(silent) as (port, _):
        pass
    found = await asked("mllp", port, **SAFE)
    assert (found.standing, found.figures["why"]) == (FAILED, "refused")
