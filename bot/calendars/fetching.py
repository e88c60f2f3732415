"""Gets the text of a calendar feed, from a file or over HTTPS, with a limit on size and time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from bot.calendars.document import FeedEntry
from bot.calendars.events import MOST_BYTES
from bot.errors import Unreachable

SECONDS: Final = 10.0


async def fetched(feed: FeedEntry, folder: Path) -> str:
    """Return a feed's text; `Unreachable` says why not, and never its address, which is secret."""
    if feed.file:
        return await asyncio.to_thread(_from_file, folder / feed.file)
    host = urlsplit(feed.url).hostname
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx.AsyncClient(timeout=SECONDS) as client,
            client.stream("GET", feed.url) as response,
        ):
            if response.is_redirect:
                raise Unreachable(f"{host} sends it elsewhere; name the address it ends at")
            if response.status_code != httpx.codes.OK:
                raise Unreachable(f"{host} answered {response.status_code}")
            return await _body(response)
    except TimeoutError:
        raise Unreachable(f"{host} took longer than {SECONDS:.0f} s") from None
    except httpx.HTTPError as error:
        raise Unreachable(f"{host} cannot be reached ({type(error).__name__})") from None


async def _body(response: httpx.Response) -> str:
    found = bytearray()
    async for part in response.aiter_bytes():
        found += part
        if len(found) > MOST_BYTES:
            raise Unreachable(f"it is longer than {MOST_BYTES // 1_000_000} MB")
    return _text(bytes(found))


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _text(file.read(MOST_BYTES + 1))
    except OSError as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise Unreachable(f"{path.name}: {why}") from None


def _text(found: bytes) -> str:
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreachable("it is not UTF-8 text") from None
