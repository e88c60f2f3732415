"""Peers of a test that answer a probe, and how a test asks one."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.api import Endpoint, EndpointKind, Finding, Login, Standing
from bot.ground import SystemClock
from integrations.probes import HttpProber, hl7
from tests.serving import NO_TLS

PASSED, FAILED, UNKNOWN = Standing.PASSED, Standing.FAILED, Standing.UNKNOWN
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SECRET = "ZZTEST^PATIENT"
PASSWORD = "correct-horse-battery"


@asynccontextmanager
async def listening(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Have a peer talk to whoever connects; yields its port."""
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the probe has hung up: it has seen enough
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        # What was accepted just now has its writer then; a server that is closed before leaves it
        # open (its transport is never made).
        await asyncio.sleep(0.02)
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


async def asked(kind: str, port: int = 0, account: Login | None = None, **keys: Any) -> Finding:
    """Ask an endpoint on loopback as Wardroom does, as an account where there is one."""
    client = httpx.AsyncClient(verify=NO_TLS)
    where = {} if "url" in keys else {"host": "127.0.0.1", "port": port}
    known = {"it": account} if account else {}
    endpoint = Endpoint("it", EndpointKind(kind), **{"login": "".join(known), **where, **keys})
    async with client:
        prober = HttpProber(client, SystemClock(), known)
        found = await prober.ask(endpoint)
    assert found.figures["milliseconds"].isdigit()
    assert ("why" in found.figures) is not found.is_passed
    assert "ZZTEST" not in repr(found)
    assert PASSWORD not in repr(found)
    return found


async def said(kind: str, talk: Talk, **keys: Any) -> Finding:
    """Ask a peer that talks so."""
    async with listening(talk) as port:
        return await asked(kind, port, **keys)


def closed() -> int:
    """Return a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(1 << 16):
        pass


async def hangs_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    pass


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\x0b" + b"A" * (1 << 16))
        await writer.drain()


async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"SSH-2.0-" + SECRET.encode() + b"\r\n" * 20)
    await writer.drain()


SAFE: dict[str, Any] = {"is_safe": True, "test_patient": "ZZTEST001", "receiver": "LAB"}
ASKING: dict[str, dict[str, Any]] = {
    "mllp": SAFE,
    "dicom": {"called": "ARCHIVE"},
    "tls": {},
}


def acknowledging(code: str, *, control: str = "", extra: str = "", split: bool = False) -> Talk:
    """Return a listener that acknowledges with a code."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        block = await reader.readuntil(hl7.END)
        header = block.strip(b"\x0b\x1c\r").decode().split("\r")[0].split("|")
        ack = (
            f"MSH|^~\\&|LAB||WARDROOM||||ACK|1|T|2.5.1\rMSA|{code}|{control or header[9]}\r{extra}"
        )
        answer = hl7.START + ack.encode() + hl7.END
        for byte in (answer[:20], answer[20:]) if split else (answer,):
            writer.write(byte)
            await writer.drain()
            await asyncio.sleep(0)

    return talk
