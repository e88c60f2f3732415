"""The supervisor's control port: takes one line of JSON, answers with one."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.layout import write_private
from sandbox.loopback import HOST
from sandbox.sentences import Problem

if TYPE_CHECKING:
    from sandbox.layout import Layout

Handler = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Carries out one request; `Problem` when it cannot."""


async def listen(layout: Layout, handle: Handler) -> asyncio.Server:
    """Serve requests that carry the token of this run; it is readable by the owner only."""
    token = secrets.token_urlsafe(32)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await _answer(await reader.readline(), token, handle)
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the caller hung up or spoke something else
        finally:
            writer.close()

    server = await asyncio.start_server(talk, HOST, 0)
    write_private(
        layout.control,
        json.dumps({"port": server.sockets[0].getsockname()[1], "token": token}),
    )
    return server


async def _answer(line: bytes, token: str, handle: Handler) -> dict[str, Any]:
    request = json.loads(line)
    if not hmac.compare_digest(str(request.pop("token", "")).encode(), token.encode()):
        return {"problem": "The supervisor does not know you: the token was wrong."}
    try:
        return await handle(request)
    except Problem as problem:
        return {"problem": str(problem)}
