"""Asks an HTTP endpoint for one page or one document, and looks at no more of it than it must."""

from __future__ import annotations

import re
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import httpx

from bot.api import Finding, Standing
from integrations.probes.wire import Unwell, trusting, unconnected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.api import Endpoint

MOST_BYTES: Final = 1 << 20
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
ENOUGH: Final = 1 << 16  # of a page, to see whether it asks to sign in
REDIRECTS: Final = range(300, 400)
SIGN_IN: Final = re.compile(rb"""<input[^>]{0,200}type\s*=\s*["']?password""", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """What came back; `is_cut` where there is more than was read."""

    status: int
    body: bytes
    is_cut: bool


async def http(client: httpx.AsyncClient, endpoint: Endpoint) -> Finding:
    """Judge a page by its status, and by whether it asks to sign in."""
    page = await got(client, endpoint, endpoint.url, ENOUGH, "*/*")
    figures = {"status": str(page.status)}
    asks = SIGN_IN.search(page.body) is not None
    if page.status in REDIRECTS and page.status != endpoint.status:
        figures["why"] = "redirect"
        text = f"sends us elsewhere (HTTP {page.status}), perhaps to sign in"
    elif page.status != endpoint.status:
        figures["why"] = "status"
        text = f"answers HTTP {page.status}, not {endpoint.status}"
    elif asks and not endpoint.is_sign_in:
        figures["why"] = "sign_in"
        text = "shows a page to sign in, and nothing else (sign_in is not set)"
    elif endpoint.is_sign_in and not asks:
        figures["why"] = "no_sign_in"
        text = "shows no page to sign in"
    else:
        return Finding(Standing.PASSED, f"answers HTTP {page.status}", str(page.status), figures)
    return Finding(Standing.FAILED, text, str(page.status), figures)


async def got(
    client: httpx.AsyncClient,
    endpoint: Endpoint,
    url: str,
    most: int,
    accept: str,
    *,
    headers: Mapping[str, str] = NO_HEADERS,
) -> Page:
    """Return one page, read up to `most` bytes; redirects are not followed."""
    try:
        async with (
            _trusting(client, endpoint) as asking,
            asking.stream(
                "GET",
                url,
                headers={**headers, "Accept": accept},
                follow_redirects=False,
                timeout=endpoint.seconds,
            ) as answer,
        ):
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > most:
                    return Page(answer.status_code, body[:most], is_cut=True)
            return Page(answer.status_code, body, is_cut=False)
    except httpx.TimeoutException as error:
        raise Unwell("does not answer in time", "timeout") from error
    except httpx.ConnectError as error:
        raise _cause(error) from error
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise Unwell("breaks the answer off, or it is no HTTP", "garbage") from error


@asynccontextmanager
async def _trusting(
    client: httpx.AsyncClient, endpoint: Endpoint
) -> AsyncIterator[httpx.AsyncClient]:
    """Lend the client that everybody uses, or one that trusts the endpoint's own authority."""
    if not endpoint.ca_file:
        yield client
        return
    async with httpx.AsyncClient(verify=await trusting(endpoint)) as own:
        yield own


def _cause(error: BaseException) -> Unwell:
    """Return what is at the bottom of a connection that did not come about."""
    seen: BaseException | None = error
    found: OSError | None = None
    while seen is not None:
        if isinstance(seen, OSError):
            found = seen
        # A name with several addresses has failed at each; the first tells as much as the others.
        below = seen.exceptions[0] if isinstance(seen, BaseExceptionGroup) else None
        seen = below or seen.__cause__ or seen.__context__
    return unconnected(found) if found else Unwell("cannot be connected to", "refused")
