"""Buildbot's REST API v2 (docs.buildbot.net, "REST API"), with its failures as our two errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import stamina

from bot.api import Rejected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.api import Credentials

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
OK, FOUND, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 302, 400, 401, 403, 404
# What Buildbot 4 says, with HTTP 500, where there is no scheduler of that name.
NO_SCHEDULER = "'NoneType' object has no attribute 'force'"
ODD = "Buildbot answered something that is not understood, so nothing is known."


class NotThere(Rejected):
    """Buildbot answered that there is no such thing, and not that it may not be read."""


@dataclass
class Rest:
    """Asks one Buildbot; logs in when it is refused, with the configured user."""

    credentials: Credentials
    client: httpx.AsyncClient

    async def get(self, path: str, **query: str | int) -> Mapping[str, Any]:
        """Return the JSON object at a path; `Rejected` where there is no such thing.

        Buildbot 4.2 and later sometimes send an answer that is not whole when they are busy, so
        reading is tried once more.
        """
        async for attempt in stamina.retry_context(
            on=Unreachable, attempts=2, timeout=None, wait_initial=0.2, wait_max=0.5
        ):
            with attempt:
                return await self._get(path, query)
        raise Unreachable(ODD)

    async def _get(self, path: str, query: Mapping[str, str | int]) -> Mapping[str, Any]:
        answer = await self._reading(path, query)
        if answer.status_code in (UNAUTHORIZED, FORBIDDEN):
            await self._log_in()
            answer = await self._reading(path, query)
        if answer.status_code in (UNAUTHORIZED, FORBIDDEN):
            raise Rejected("Buildbot does not let the configured user read this.")
        if answer.status_code == NOT_FOUND:
            raise NotThere("Buildbot has no such thing.")
        if answer.status_code != OK:
            raise Unreachable(f"Buildbot answered HTTP {answer.status_code}, so nothing is known.")
        return _object(answer)

    async def force(self, scheduler: str, params: Mapping[str, str]) -> int:
        """Force a build and return its build request id; what is unclear is `Unreachable`.

        Sent once. Only an answer that says no, or a connection that never came to be, is
        `Rejected`.
        """
        body = {"id": 1, "jsonrpc": "2.0", "method": "force", "params": dict(params)}
        answer = await self._forcing(scheduler, body)
        if answer.status_code in (UNAUTHORIZED, FORBIDDEN):
            await self._log_in()
            answer = await self._forcing(scheduler, body)
        if answer.status_code in (UNAUTHORIZED, FORBIDDEN):
            raise Rejected(
                f"Buildbot does not let its user `{self.credentials.user}` force `{scheduler}`: "
                "it needs the role that controls builds."
            )
        if answer.status_code == BAD_REQUEST:
            raise Rejected(f"Buildbot does not accept these parameters for `{scheduler}`.")
        if answer.status_code == NOT_FOUND or NO_SCHEDULER in answer.text:
            raise Rejected(f"Buildbot has no force scheduler `{scheduler}`.")
        if answer.status_code != OK:
            raise Unreachable(f"Buildbot answered HTTP {answer.status_code} to the request.")
        match _object(answer).get("result"):
            case [int(), dict() as requests] if requests:
                return int(next(iter(requests.values())))
        raise Unreachable(ODD)

    async def _reading(self, path: str, query: Mapping[str, str | int]) -> httpx.Response:
        try:
            return await self.client.get(
                self._url(f"api/v2/{path}"), params=dict(query), timeout=TIMEOUT
            )
        except httpx.TimeoutException as error:
            raise Unreachable("Buildbot did not answer in time.") from error
        except httpx.HTTPError as error:
            raise Unreachable("Buildbot cannot be reached.") from error

    async def _forcing(self, scheduler: str, body: Mapping[str, Any]) -> httpx.Response:
        url = self._url(f"api/v2/forceschedulers/{scheduler}")
        try:
            return await self.client.post(url, json=body, timeout=TIMEOUT)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Rejected("Buildbot cannot be reached, so nothing was started.") from error
        except httpx.TimeoutException as error:
            raise Unreachable("Buildbot did not answer the request in time.") from error
        except httpx.HTTPError as error:
            raise Unreachable("Buildbot broke the connection off.") from error

    async def _log_in(self) -> None:
        user, password = self.credentials.user, self.credentials.password
        if not user:
            raise Rejected("Buildbot wants a login: set integrations.buildbot.user and password.")
        try:
            answer = await self.client.get(
                self._url("auth/login"), auth=(user, password), timeout=TIMEOUT
            )
        except httpx.HTTPError as error:
            raise Unreachable("Buildbot cannot be reached to log in.") from error
        if answer.status_code not in (OK, FOUND):
            raise Rejected(
                f"Buildbot refused the password of `{user}`: "
                "check integrations.buildbot.user and password_file."
            )

    def _url(self, path: str) -> str:
        return f"{self.credentials.url.rstrip('/')}/{path}"


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        made = answer.json()
    except ValueError as error:
        raise Unreachable(ODD) from error
    if not isinstance(made, dict):
        raise Unreachable(ODD)
    return made
