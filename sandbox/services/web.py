"""A small HTTP server for the services' own pages: GET and HEAD, one answer per connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

LONGEST_LINE = 4096
PATIENCE_SECONDS = 5


@dataclass(frozen=True)
class Page:
    """One answer: what a browser or a probe gets for a path."""

    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: int = HTTPStatus.OK


Routes = Mapping[str, Callable[[], Page]]


def json_page(
    value: object, status: int = HTTPStatus.OK, content_type: str = "application/json"
) -> Page:
    """Return a value as a JSON page."""
    return Page(json.dumps(value, indent=1).encode() + b"\n", content_type, status)


def no_such_page() -> Page:
    """Return the answer for a path that nobody serves."""
    return json_page({"error": "no such page"}, HTTPStatus.NOT_FOUND)


async def serve(
    routes: Routes, port: int, otherwise: Callable[[], Page] = no_such_page
) -> asyncio.Server:
    """Serve the routes on loopback until the returned server is closed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                writer.write(_drawn(*await _request(reader), routes, otherwise))
                await writer.drain()
        except (ValueError, TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller hung up or spoke something else: there is nobody to answer
        finally:
            writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port, limit=LONGEST_LINE)


async def _request(reader: asyncio.StreamReader) -> tuple[str, str]:
    method, target, _ = (await reader.readuntil(b"\r\n")).decode("latin-1").split(maxsplit=2)
    while await reader.readline() not in (b"\r\n", b""):
        pass
    return method, target.partition("?")[0]


def _drawn(method: str, path: str, routes: Routes, otherwise: Callable[[], Page]) -> bytes:
    if method in ("GET", "HEAD"):
        page = routes.get(path, otherwise)()
    else:
        page = json_page({"error": "this page is read-only"}, HTTPStatus.METHOD_NOT_ALLOWED)
    head = (
        f"HTTP/1.1 {page.status} {HTTPStatus(page.status).phrase}\r\n"
        f"Content-Type: {page.content_type}\r\nContent-Length: {len(page.body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == "HEAD" else page.body)
