"""Our own token: asked for with the app's password, kept until shortly before it ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import structlog

from bot.errors import IntegrationError, Rejected, Unreachable

if TYPE_CHECKING:
    from bot.ports import Clock

LOG = structlog.get_logger(__name__)
TIMEOUT = 10.0  # seconds
EARLY = timedelta(minutes=5)
NEVER = datetime.min.replace(tzinfo=UTC)


class Credentials:
    """The client-credentials grant; one request at a time, for everybody who waits."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        clock: Clock,
        *,
        login_url: str,
        tenant: str,
        app_id: str,
        password: str,
        scope: str,
    ) -> None:
        self._http, self._clock = http, clock
        self._url = f"{login_url.rstrip('/')}/{quote(tenant, safe='')}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": app_id,
            "client_secret": password,
            "scope": scope,
        }
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
            response = await self._http.post(self._url, data=self._form, timeout=TIMEOUT)
            said = response.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable("Microsoft's sign-in service did not answer.") from error
        except ValueError:
            said = None
        given = said if isinstance(said, dict) else {}
        if response.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
            code = given.get("error")
            why = code if isinstance(code, str) and code.isidentifier() else "refused"
            raise Rejected(f"Microsoft does not take the Teams app's id and password: {why}.")
        token, seconds = given.get("access_token"), given.get("expires_in")
        if not response.is_success or not isinstance(token, str) or not token:
            raise Unreachable("Microsoft's sign-in service gave no token.")
        lasts = seconds if isinstance(seconds, int) else 0
        self._token, self._ends = token, self._clock.now() + timedelta(seconds=lasts)
