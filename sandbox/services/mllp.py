"""MLLP, the envelope that HL7 v2 messages travel in: 0x0B, the message, 0x1C 0x0D."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

START, END = b"\x0b", b"\x1c\r"
LONGEST_MESSAGE = 1 << 20


class BadFrame(ValueError):
    """What arrived is not an MLLP frame."""


def frame(message: str) -> bytes:
    """Return a message in its envelope."""
    return START + message.encode() + END


async def receive(reader: asyncio.StreamReader) -> str:
    """Read one message; `BadFrame` for anything else, `IncompleteReadError` at the end."""
    block = await reader.readuntil(END)
    if not block.startswith(START):
        raise BadFrame("a frame starts with 0x0B")
    try:
        return block[len(START) : -len(END)].decode()
    except UnicodeDecodeError as error:
        raise BadFrame("a message is UTF-8") from error


async def listen(answer: Callable[[str], str], port: int) -> asyncio.Server:
    """Answer every message on a port; a connection that sends anything else is closed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(frame(answer(await receive(reader))))
                await writer.drain()
        except (BadFrame, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # the peer hung up or lost the frame: MLLP has no way to say so but to close
        finally:
            writer.close()

    return await asyncio.start_server(talk, "127.0.0.1", port, limit=LONGEST_MESSAGE)


async def send(message: str, port: int, seconds: float = 5) -> str:
    """Send one message to a listener on loopback and return its acknowledgement."""
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_MESSAGE)
        try:
            writer.write(frame(message))
            await writer.drain()
            return await receive(reader)
        finally:
            writer.close()
