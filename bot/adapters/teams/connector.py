"""Teams' own HTTP service: as few calls as we need, retried as Microsoft asks for.

botbuilder's connector blocks the loop and cannot be given our client, so this is ours. Bodies are
never logged, and our token never goes to an address that is not on the list.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

import httpx
import structlog

from bot.errors import Rejected, Throttled, Unreachable
from bot.model import Json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.adapters.teams.credentials import Credentials
    from bot.adapters.teams.service_urls import ServiceUrls

LOG = structlog.get_logger(__name__)
Body: TypeAlias = Mapping[str, Json]

TIMEOUT = httpx.Timeout(10, connect=5)  # seconds; Teams itself gives up after 10 to 15 (§2.2)
# What Microsoft says to send again: it was not taken the first time.
AGAIN = frozenset({412, 429, 502, 504})
# A few, and soon: whoever sends what has to arrive comes back later, and not while we are at it.
ATTEMPTS = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds
WRITES_BLOCKED = "MessageWritesBlocked"
CODE = re.compile(r"[A-Za-z]{1,60}")
TARGETED = {"isTargetedActivity": "true"}


class Blocked(Rejected):
    """Teams lets nobody write there: the person blocked the app, or it was removed."""


class Connector:
    """Calls into one service URL; `Rejected`, `Throttled` or `Unreachable` say how one ended.

    `pause(seconds)` waits before the next attempt.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        credentials: Credentials,
        urls: ServiceUrls,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._http, self._credentials = http, credentials
        self._urls, self._pause = urls, pause

    async def send(
        self, service_url: str, conversation: str, body: Body, *, is_targeted: bool = False
    ) -> str:
        """Post an activity; returns its id, which names it within its conversation."""
        path = f"conversations/{quote(conversation, safe='')}/activities"
        return _id(await self._call("POST", service_url, path, body, is_targeted=is_targeted))

    async def update(self, service_url: str, conversation: str, ref: str, body: Body) -> None:
        """Replace an activity."""
        where, which = quote(conversation, safe=""), quote(ref, safe="")
        await self._call("PUT", service_url, f"conversations/{where}/activities/{which}", body)

    async def delete(self, service_url: str, conversation: str, ref: str) -> None:
        """Take an activity back."""
        where, which = quote(conversation, safe=""), quote(ref, safe="")
        await self._call("DELETE", service_url, f"conversations/{where}/activities/{which}", None)

    async def create(self, service_url: str, body: Body) -> str:
        """Create a conversation with one person, or find the one there is; returns its id."""
        return _id(await self._call("POST", service_url, "conversations", body))

    async def member(self, service_url: str, conversation: str, user: str) -> Mapping[str, object]:
        """Return what Teams says of somebody in a conversation."""
        where, who = quote(conversation, safe=""), quote(user, safe="")
        return await self._call("GET", service_url, f"conversations/{where}/members/{who}", None)

    async def channels(self, service_url: str, team: str) -> list[str]:
        """Return the ids of a team's channels."""
        said = await self._call(
            "GET", service_url, f"teams/{quote(team, safe='')}/conversations", None
        )
        listed = said.get("conversations")
        rows = listed if isinstance(listed, list) else []
        return [_id(row) for row in rows if isinstance(row, Mapping) and _id(row)]

    async def _call(
        self,
        method: str,
        service_url: str,
        path: str,
        body: Body | None,
        *,
        is_targeted: bool = False,
    ) -> Mapping[str, object]:
        if not self._urls.allows(service_url):
            raise Rejected("That conversation's address is not one of Teams': nothing was sent.")
        url = f"{service_url.rstrip('/')}/v3/{path}"
        params = TARGETED if is_targeted else {}
        attempt = 0
        while True:
            response = await self._attempt(method, url, params, body)
            wait = _wait(response, attempt)
            if wait is None:
                return _taken(response)
            attempt += 1
            if wait > LONGEST_PAUSE or attempt == ATTEMPTS:
                LOG.warning("Teams did not take a call", method=method, status=_status(response))
                raise _given_up(response, wait)
            await self._pause(wait)

    async def _attempt(
        self, method: str, url: str, params: Mapping[str, str], body: Body | None
    ) -> httpx.Response | None:
        """Return Teams' answer; None where it could not even be asked."""
        for is_second in (False, True):
            token = await self._credentials.token()
            headers = {"Authorization": f"Bearer {token}"}
            try:
                response = await self._http.request(
                    method,
                    url,
                    params=params,
                    json=body,
                    headers=headers,
                    timeout=TIMEOUT,
                    follow_redirects=False,  # the token is for this address alone
                )
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
                return None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise Unreachable("Teams did not answer.") from error
            if response.status_code != HTTPStatus.UNAUTHORIZED or is_second:
                break
            self._credentials.drop(token)
        return response


def _wait(response: httpx.Response | None, attempt: int) -> float | None:
    """Return how long to wait before asking again, None where the answer stands."""
    if response is not None and response.status_code not in AGAIN:
        return None
    grown: float = FIRST_PAUSE * 2**attempt * random.uniform(1, 2)  # noqa: S311 - only spreads the attempts
    asked = response.headers.get("retry-after", "") if response is not None else ""
    return max(grown, float(asked)) if asked.isascii() and asked.isdigit() else grown


def _given_up(response: httpx.Response | None, wait: float) -> Unreachable:
    if _status(response) == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled("Teams asks to come back later.", math.ceil(wait))
    return Unreachable("Teams did not take it, though it was asked several times.")


def _taken(response: httpx.Response | None) -> Mapping[str, object]:
    said = _json(response)
    if response is not None and response.is_success:
        return said
    codes = _codes(said)
    if WRITES_BLOCKED in codes:
        raise Blocked("Teams lets us write nothing there: the app was blocked or removed.")
    status = _status(response)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(f"Teams failed: {status}.")
    raise Rejected(f"Teams refused it: {' '.join([str(status), *codes])}.")


def _codes(said: Mapping[str, object]) -> list[str]:
    inner = said.get("error")
    both = (said, inner if isinstance(inner, Mapping) else {})
    named = [part.get(name) for part in both for name in ("subCode", "code")]
    return [code for code in named if isinstance(code, str) and CODE.fullmatch(code)]


def _json(response: httpx.Response | None) -> Mapping[str, object]:
    try:
        said = response.json() if response is not None else None
    except ValueError:
        said = None
    return said if isinstance(said, dict) else {}


def _status(response: httpx.Response | None) -> int:
    return response.status_code if response is not None else 0


def _id(said: Mapping[str, object]) -> str:
    value = said.get("id")
    return value if isinstance(value, str) else ""
