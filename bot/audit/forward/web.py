"""What the targets behind HTTP share: one request, and when to come back after a refusal."""

from __future__ import annotations

import email.utils
import ssl
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from bot.audit.forward.target import Undelivered

_SECONDS: Final = 20.0
_LONGEST: Final = 3_600.0


def client(context: ssl.SSLContext | None) -> httpx.AsyncClient:
    """Return a client for one receiver, which follows no redirect."""
    verify = context if context is not None else ssl.create_default_context()
    return httpx.AsyncClient(verify=verify, timeout=_SECONDS, follow_redirects=False)


async def post(http: httpx.AsyncClient, url: str, **request: Any) -> httpx.Response:
    """Post; Undelivered unless the receiver took it, with its own words about when to come back."""
    try:
        response = await http.post(url, **request)
    except httpx.HTTPError as error:
        raise Undelivered(f"{httpx.URL(url).host}: {type(error).__name__}") from error
    if not response.is_success:
        said = f"{httpx.URL(url).host} answered {response.status_code}"
        raise Undelivered(said, retry_after(response.headers.get("Retry-After", "")))
    return response


def retry_after(header: str) -> float:
    """Return the seconds of a Retry-After header, 0 where it says nothing."""
    if header.isascii() and header.isdigit():
        return min(float(header), _LONGEST)
    try:
        at = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST)
