"""An ASGI application on a port of this machine, up and down without waiting for a clock."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: loopback speaks plain HTTP, and a client that reads the machine's certificates
takes longer to make than most tests."""

ACCEPTING = 3  # turns of the loop until what was accepted is known as a connection


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve an application on loopback, on a free port unless told; yields its address.

    uvicorn's own loop looks ten times a second whether it should stop, and then waits at least as
    long for connections to close: a tenth of a second or three in every test.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.on_tick(0)  # sets the headers that every answer has
        await server.startup(sockets=[listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            await _shut(server)


async def _shut(server: uvicorn.Server) -> None:
    for listening in server.servers:
        listening.close()
    for _ in range(ACCEPTING):
        await asyncio.sleep(0)
    state = server.server_state
    for connection in list(state.connections):
        connection.shutdown()
    if state.tasks:
        await asyncio.wait(set(state.tasks))
    for connection in list(state.connections):
        connection.transport.abort()
    for listening in server.servers:
        await listening.wait_closed()
    await asyncio.sleep(0)  # a transport says goodbye one turn of the loop later
