"""Whatever a peer sends over a real socket, a probe ends in time, with a finding in our words."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.api import Finding
from integrations.probes import dicom, hl7
from tests.examples import examples
from tests.integrations.endpoint_peers import SAFE, asked, listening

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each example is a connection or two; how many there are is what bounds the time.
BOUNDED: Final = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
FOREIGN: Final = "ZZTEST^PATIENT"
HANGS: Final = 30  # far more than any probe may take: not a measurement, but what a hang is
NOBODY: Final = b"\0CONTROL\0"


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """One loop for all examples of this file."""
    with asyncio.Runner() as runner:
        yield runner


def thrown(
    loop: asyncio.Runner, kind: str, chunks: list[bytes], *, stays: bool, **keys: Any
) -> Finding:
    """Have a probe ask a peer that answers so, and then hangs up or stays."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard = b""
        for chunk in chunks:
            heard = await reader.read(1 << 16) if not heard or kind == "dicom" else heard
            control = heard.split(b"|")[9] if heard.count(b"|") > len(b"MSH") * 3 else b""
            writer.write(chunk.replace(NOBODY, control))
            await writer.drain()
        while stays and await reader.read(1 << 16):
            pass

    async def ask() -> Finding:
        async with asyncio.timeout(HANGS), listening(talk) as port:
            over_http: dict[str, Any] = (
                {"url": f"http://127.0.0.1:{port}/fhir"} if kind == "fhir" else {}
            )
            return await asked(kind, port, seconds=0.1, **keys, **over_http)

    found = loop.run(ask())
    assert FOREIGN not in repr(found)
    return found


segments = st.lists(
    st.sampled_from(
        [
            b"MSH|^~\\&|LAB",
            b"MSH",
            b"MSA|AA|" + NOBODY,
            b"MSA|ZZ|" + NOBODY,
            b"MSA|AE",
            b"ERR|" + FOREIGN.encode(),
        ]
    )
    | st.binary(max_size=20),
    max_size=5,
)


@BOUNDED
@given(
    parts=segments,
    start=st.sampled_from([hl7.START, b"", b"\x1c", b"\x0b\x0b"]),
    end=st.sampled_from([hl7.END, b"\x1c", b"", hl7.END * 2, b"\x1cX"]),
    cut=st.integers(0, 40),
    stays=st.booleans(),
)
def test_no_acknowledgement_hangs_or_breaks_the_probe(
    *, loop: asyncio.Runner, parts: list[bytes], start: bytes, end: bytes, cut: int, stays: bool
) -> None:
    whole = start + b"\r".join(parts) + end
    thrown(loop, "mllp", [whole[:cut], whole[cut:]], stays=stays, **SAFE)


# Lengths that lie: far too long, too short, nothing.
lying = st.sampled_from([0, 1, 2, 3, 4, 1 << 15, (1 << 16) - 1, 1 << 16, (1 << 32) - 1])


@st.composite
def items(draw: st.DrawFn) -> bytes:
    """Draw a presentation context of an A-ASSOCIATE-AC, true or not."""
    content = draw(st.binary(max_size=12) | st.just(bytes((1, 0, 0, 0))))
    length = draw(st.just(len(content)) | lying.map(lambda one: one & 0xFFFF))
    return struct.pack(">BBH", draw(st.sampled_from([0x21, 0x10, 0xFF])), 0, length) + content


@st.composite
def pdus(draw: st.DrawFn) -> bytes:
    """Draw an answer to an association or a command: well-made, almost, or not at all."""
    element = draw(st.sampled_from([0x0100, 0x0120, 0x0900, 0xFFFF]))
    value = draw(st.binary(max_size=6))
    command = struct.pack("<HHI", 0, element, draw(st.just(len(value)) | lying)) + value
    size = draw(st.just(len(command) + 2) | lying)
    body = draw(
        st.binary(max_size=40)
        | st.lists(items(), max_size=3).map(lambda some: bytes(dicom.FIXED) + b"".join(some))
        | st.sampled_from([1, 2, 3, 0]).map(
            lambda control: struct.pack(">IBB", size, 1, control) + command
        )
    )
    length = draw(st.just(len(body)) | lying)
    return struct.pack(">BBI", draw(st.integers(0, 9) | st.just(2)), 0, length) + body


ASSOCIATED: Final = (
    struct.pack(">BBI", dicom.ACCEPT, 0, dicom.FIXED + 8)
    + bytes(dicom.FIXED)
    + struct.pack(">BBH", 0x21, 0, 4)
    + bytes((1, 0, 0, 0))
)


@BOUNDED
@given(answers=st.lists(pdus(), max_size=3), is_associated=st.booleans(), stays=st.booleans())
def test_no_association_hangs_or_breaks_the_probe(
    *, loop: asyncio.Runner, answers: list[bytes], is_associated: bool, stays: bool
) -> None:
    first = [ASSOCIATED] if is_associated else []
    thrown(loop, "dicom", [*first, *answers], stays=stays, called="ARCHIVE")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["server", "active", "4.0.1", "Patient", FOREIGN]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "mode", "resource"]), inner, max_size=3)
    ),
    max_leaves=8,
)
statements = st.fixed_dictionaries(
    {"resourceType": st.just("CapabilityStatement")},
    optional={
        "status": st.just("active") | values,
        "fhirVersion": st.just("4.0.1") | values,
        "rest": values | st.just([{"mode": "server", "resource": [{"type": "Patient"}]}]),
        "software": values,
        "format": values,
    },
).map(lambda statement: json.dumps(statement).encode())


@BOUNDED
@given(
    body=statements | st.binary(max_size=60) | st.just(b"[" * 5000),
    status=st.sampled_from(["200", "204", "301", "500", "999", "abc"]),
    kind=st.sampled_from(["application/fhir+json", "text/html", "\x00", FOREIGN]),
    lie=st.sampled_from([0, 7, -1, 1 << 40]),
    stays=st.booleans(),
)
def test_no_statement_hangs_or_breaks_the_probe(
    *, loop: asyncio.Runner, body: bytes, status: str, kind: str, lie: int, stays: bool
) -> None:
    head = (
        f"HTTP/1.1 {status} {FOREIGN}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body) + lie}\r\n\r\n"
    )
    thrown(loop, "fhir", [head.encode("latin-1"), body], stays=stays, smart=True)


@st.composite
def records(draw: st.DrawFn) -> bytes:
    """Draw a TLS record: a kind, a version, a length that may lie, and anything."""
    content = draw(st.binary(max_size=40))
    length = draw(st.just(len(content)) | lying.map(lambda one: one & 0xFFFF))
    kind = draw(st.sampled_from([20, 21, 22, 23, 24, 0]))
    version = draw(st.sampled_from([b"\x03\x03", b"\x03\x00", b"\x02\x00"]))
    return bytes((kind,)) + version + struct.pack(">H", length) + content


@settings(BOUNDED, max_examples=examples(20))  # each reads the machine's authorities
@given(answers=st.lists(records() | st.binary(max_size=30), max_size=3), stays=st.booleans())
def test_no_handshake_hangs_or_breaks_the_probe(
    *, loop: asyncio.Runner, answers: list[bytes], stays: bool
) -> None:
    assert not thrown(loop, "tls", answers, stays=stays).is_passed


def test_what_is_thrown_can_be_passed(loop: asyncio.Runner) -> None:
    """Otherwise all the tests above would pass with probes that refuse everything."""
    ack = hl7.START + b"MSH|^~\\&|LAB\rMSA|AA|" + NOBODY + hl7.END
    assert thrown(loop, "mllp", [ack], stays=True, **SAFE).is_passed
    command = b"".join(
        struct.pack("<HHIH", 0, one, 2, value)
        for one, value in ((0x0100, 0x8030), (0x0120, 1), (0x0900, 0))
    )
    fragment = struct.pack(">IBB", len(command) + 2, 1, 3) + command
    echoed = struct.pack(">BBI", dicom.DATA, 0, len(fragment)) + fragment
    assert thrown(loop, "dicom", [ASSOCIATED, echoed], stays=True, called="ARCHIVE").is_passed
