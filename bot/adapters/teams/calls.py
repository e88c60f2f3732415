"""Calls of Microsoft's services with our token, made again where that does no harm."""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections.abc import Mapping
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

import httpx
import structlog

from bot.errors import Throttled, Unreachable
from bot.model import Json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.adapters.teams.credentials import Credentials

LOG = structlog.get_logger(__name__)
Body: TypeAlias = Mapping[str, Json]

# Seconds. An answer that comes late is one all the same: what is posted again for want of it may be
# shown twice.
TIMEOUT = httpx.Timeout(20, connect=5)
# Seconds after which no attempt is begun, so that the last one ends within the outbox's lease.
LATEST = 20.0
# A few, and soon: whoever sends what has to arrive comes back later, and not while we are at it.
ATTEMPTS = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds
AT_ONCE = 16
"""Requests of one service at a time: the client looks at every connection and every waiting request
for each that it makes, which in a rush takes longer than the requests."""
CODE = re.compile(r"[A-Za-z]{1,60}")


class Calls:
    """One service, called `name` where it fails; bodies are never logged.

    `again` are the statuses that say that nothing was taken, so that it is asked again.
    `pause(seconds)` waits before the next attempt.
    """

    def __init__(
        self,
        name: str,
        http: httpx.AsyncClient,
        credentials: Credentials,
        pause: Callable[[float], Awaitable[None]],
        again: frozenset[int],
    ) -> None:
        self._name, self._http, self._credentials = name, http, credentials
        self._pause, self._again = pause, again
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask(
        self, method: str, url: str, body: Body | None, params: Mapping[str, str]
    ) -> httpx.Response:
        """Return the answer, whatever it is; `Throttled` or `Unreachable` where there is none.

        Our token goes along, so the caller has to know whose address that is.
        """
        attempt, began = 0, monotonic()
        while True:
            response = await self._attempt(method, url, body, params)
            if response is not None and response.status_code not in self._again:
                return response
            wait = _wait(response, attempt)
            attempt += 1
            is_late = wait > LONGEST_PAUSE or monotonic() - began + wait > LATEST
            if is_late or attempt == ATTEMPTS:
                status = _status(response)
                LOG.warning("a call was not taken", of=self._name, method=method, status=status)
                raise self._given_up(response, wait)
            await self._pause(wait)

    async def _attempt(
        self, method: str, url: str, body: Body | None, params: Mapping[str, str]
    ) -> httpx.Response | None:
        """Return the service's answer; None where it could not even be asked."""
        for is_second in (False, True):
            token = await self._credentials.token()
            try:
                async with self._turns:
                    response = await self._http.request(
                        method,
                        url,
                        params=params,
                        json=body,
                        headers={"Authorization": f"Bearer {token}"},
                        timeout=TIMEOUT,
                        follow_redirects=False,  # the token is for this address alone
                    )
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
                return None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Unreachable(f"{self._name} did not answer.") from error
            if response.status_code != HTTPStatus.UNAUTHORIZED or is_second:
                break
            self._credentials.drop(token)
        return response

    def _given_up(self, response: httpx.Response | None, wait: float) -> Unreachable:
        if _status(response) == HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(f"{self._name} asks to come back later.", math.ceil(wait))
        return Unreachable(f"{self._name} did not take it, though it was asked several times.")


def _wait(response: httpx.Response | None, attempt: int) -> float:
    """Return how long to wait before asking again."""
    grown: float = FIRST_PAUSE * 2**attempt * random.uniform(1, 2)  # noqa: S311 - only spreads the attempts
    asked = response.headers.get("retry-after", "") if response is not None else ""
    return max(grown, float(asked)) if asked.isascii() and asked.isdigit() else grown


def said(response: httpx.Response) -> Mapping[str, object]:
    """Return an answer as the JSON object that it should be, an empty one where it is none."""
    try:
        body = response.json()
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {}


def word(body: Mapping[str, object], name: str) -> str:
    """Return a text of an answer, "" where it has none of that name."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def error_codes(body: Mapping[str, object]) -> list[str]:
    """Return the codes of an answer that says no; its words may quote what was sent."""
    inner = body.get("error")
    both = (body, inner if isinstance(inner, Mapping) else {})
    named = [word(part, name) for part in both for name in ("subCode", "code")]
    return [code for code in named if CODE.fullmatch(code)]


def _status(response: httpx.Response | None) -> int:
    return response.status_code if response is not None else 0
