"""Asks the sign-in provider over HTTP: one question, five seconds, no redirect followed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from bot.adapters.web.oidc.refusals import Refusal, refused

LOG = structlog.get_logger(__name__)
PATIENCE = 5.0  # seconds for one answer, however it trickles
LONGEST = 1_000_000  # bytes of an answer


async def get(http: httpx.AsyncClient, url: str) -> Mapping[str, Any]:
    """Return a JSON object; `SignInFailed` where there is none."""
    return await _asked(http, http.build_request("GET", url), Refusal.SILENT)


async def post(
    http: httpx.AsyncClient, url: str, form: Mapping[str, str], auth: tuple[str, str] | None
) -> Mapping[str, Any]:
    """Return what the provider answers to a form; a no of its own is `NOT_REDEEMED`."""
    request = http.build_request("POST", url, data=dict(form))
    if auth is not None:
        request = next(httpx.BasicAuth(*auth).auth_flow(request))
    return await _asked(http, request, Refusal.NOT_REDEEMED)


def is_safe(url: str, issuer: str) -> bool:
    """Say whether an address that the provider names may be used: https, or where it is itself."""
    given, own = urlsplit(url), urlsplit(issuer)
    return bool(given.netloc) and (given.scheme == "https" or given[:2] == own[:2])


async def _asked(http: httpx.AsyncClient, request: httpx.Request, no: Refusal) -> Mapping[str, Any]:
    try:
        async with asyncio.timeout(PATIENCE):
            response = await http.send(request, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        LOG.warning("the sign-in provider does not answer", why=type(error).__name__)
        raise refused(Refusal.SILENT) from None
    if response.status_code != HTTPStatus.OK or len(response.content) > LONGEST:
        status = response.status_code
        LOG.warning("the sign-in provider says no", path=request.url.path, status=status)
        raise refused(Refusal.SILENT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else no)
    try:
        data = response.json()
    except ValueError:
        raise refused(no) from None
    return data if isinstance(data, dict) else {}
