"""Ports and small questions on loopback."""

from __future__ import annotations

import asyncio
import json
import random
import socket
from typing import Any

HOST = "127.0.0.1"
# Below the range from which the system takes the source ports of outgoing connections, so that a
# port which is kept for the next start is not taken by a passer-by.
OURS = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Say whether a server could listen on a port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(taken: set[int]) -> int:
    """Return a free port that is not in `taken`, and add it there."""
    for port in random.sample(OURS, len(OURS)):
        if port not in taken and is_free(port):
            taken.add(port)
            return port
    raise OSError("no free port on loopback")


async def get_json(port: int, path: str, seconds: float = 2) -> Any:
    """Return what an HTTP port answers to a GET, whatever its status code.

    `OSError` (also a timeout) when nobody answers, `ValueError` when it is not JSON.
    """
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            request = f"GET {path} HTTP/1.0\r\nHost: {HOST}\r\nAccept: application/json\r\n\r\n"
            writer.write(request.encode())
            answer = await reader.read()
        finally:
            writer.close()
    return json.loads(answer.partition(b"\r\n\r\n")[2])
