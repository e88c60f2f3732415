"""Our own token, by a password or a managed identity; kept until shortly before it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

import httpx
import structlog

from bot.errors import IntegrationError, Rejected, Unreachable

if TYPE_CHECKING:
    from bot.ports import Clock

Grant: TypeAlias = Callable[[], httpx.Request]
"""Makes the request that is answered with a token."""

LOG = structlog.get_logger(__name__)
TIMEOUT = 10.0  # seconds
EARLY = timedelta(minutes=5)
NEVER = datetime.min.replace(tzinfo=UTC)
IDENTITY_VERSION = "2018-02-01"  # of Azure's metadata service
REFUSALS = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def by_password(
    http: httpx.AsyncClient, *, login_url: str, tenant: str, app_id: str, password: str, scope: str
) -> Grant:
    """Return the client-credentials grant of an app with a password."""
    url = f"{login_url.rstrip('/')}/{quote(tenant, safe='')}/oauth2/v2.0/token"
    form = {
        "grant_type": "client_credentials",
        "client_id": app_id,
        "client_secret": password,
        "scope": scope,
    }
    return lambda: http.build_request("POST", url, data=form, timeout=TIMEOUT)


def by_identity(http: httpx.AsyncClient, *, url: str, app_id: str, resource: str) -> Grant:
    """Return the grant of a machine in Azure that a user-assigned identity was given to.

    There is no password: only that machine reaches the address.
    """
    asked = {"api-version": IDENTITY_VERSION, "resource": resource, "client_id": app_id}
    plain = {"Metadata": "true"}  # kept off by whatever forwards requests without knowing
    return lambda: http.build_request("GET", url, params=asked, headers=plain, timeout=TIMEOUT)


class Credentials:
    """One token for everybody; one request at a time, for everybody who waits."""

    def __init__(self, http: httpx.AsyncClient, clock: Clock, grant: Grant) -> None:
        self._http, self._clock, self._grant = http, clock, grant
        self._token, self._ends = "", NEVER
        self._asking: asyncio.Task[None] | None = None

    async def token(self) -> str:
        """Return a token that counts; `Rejected` or `Unreachable` where there is none."""
        if self._clock.now() + EARLY >= self._ends:
            await self._refresh()
        return self._token

    def drop(self, token: str) -> None:
        """Use a token no more: Teams did not take it."""
        if token == self._token:
            self._ends = NEVER

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _refresh(self) -> None:
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
            self._asking.add_done_callback(self._asked)
        try:
            await asyncio.shield(self._asking)
        except IntegrationError:
            # The last minutes of a token are there to get over a short outage.
            if self._clock.now() >= self._ends:
                raise

    def _asked(self, asking: asyncio.Task[None]) -> None:
        self._asking = None
        if not asking.cancelled():
            asking.exception()  # looked at, so that nobody says it was not, where all gave up

    async def _ask(self) -> None:
        try:
            # A redirect would carry the password to somebody else.
            response = await self._http.send(self._grant(), follow_redirects=False)
            said = response.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable("Microsoft's sign-in service did not answer.") from error
        except ValueError:
            said = None
        given = said if isinstance(said, dict) else {}
        if response.status_code in REFUSALS:
            code = given.get("error")
            why = code if isinstance(code, str) and code.isidentifier() else "refused"
            raise Rejected(f"Microsoft does not take the Teams app's credentials: {why}.")
        token, lasts = given.get("access_token"), _seconds(given.get("expires_in"))
        if not response.is_success or not isinstance(token, str) or not token:
            raise Unreachable("Microsoft's sign-in service gave no token.")
        self._token, self._ends = token, self._clock.now() + timedelta(seconds=lasts)


def _seconds(value: object) -> int:
    """Return how long a token lasts; Azure's metadata service says it as a text."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000000000") else 0
