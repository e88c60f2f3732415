"""How deploys and tests tell the running supervisor what to do: one line of JSON each way.

Also by hand: `python3 -m sandbox.control HOME restart "lab-results test"`.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from sandbox.layout import Layout
from sandbox.loopback import HOST
from sandbox.sentences import Problem

PATIENCE_SECONDS = 60

Handler = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Carries out one request; `Problem` when it cannot."""


def call(layout: Layout, request: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the supervisor of one hospital; `Problem` when it cannot do it or is not there."""
    try:
        where = json.loads(layout.control.read_text("utf-8"))
        line = json.dumps({**request, "token": where["token"]}).encode() + b"\n"
        with socket.create_connection((HOST, where["port"]), PATIENCE_SECONDS) as link:
            link.sendall(line)
            answer: dict[str, Any] = json.loads(link.makefile("rb").readline())
    except (OSError, ValueError, KeyError) as error:
        raise Problem(f"No hospital is running in {layout.home}.") from error
    if "problem" in answer:
        raise Problem(answer["problem"])
    return answer


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
        return {"problem": "The word was wrong."}
    try:
        return await handle(request)
    except Problem as problem:
        return {"problem": str(problem)}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def main(home: str, verb: str, what: str = "") -> int:
    """Do one thing and print what the supervisor said."""
    try:
        print(json.dumps(call(Layout(Path(home).resolve()), {"do": verb, "what": what}), indent=1))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
