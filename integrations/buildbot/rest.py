"""Buildbot's REST API v2 (docs.buildbot.net, "REST API"), asked as its configured user."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from bot.api import Rejected, Unreachable
from bot.vendors import Asked, NotThere, Vendor
from bot.vendors.sentences import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from bot.api import Credentials
    from bot.vendors import Answer

__all__ = ["NotThere", "Rest"]

NAME: Final = "Buildbot"
BLOCK: Final = "integrations.buildbot"
OK, FOUND, UNAUTHORIZED, FORBIDDEN, BROKEN = 200, 302, 401, 403, 500
SIGN_IN: Final = (UNAUTHORIZED, FORBIDDEN)  # what it answers to who is not logged in
READS: Final = "a role that its `authz` lets read"
FORCES: Final = "the role that its `authz` lets force builds"
# What Buildbot 4 says, with HTTP 500, where there is no scheduler of that name.
NO_SCHEDULER: Final = "'NoneType' object has no attribute 'force'"
TORN: Final = 0.2  # seconds until what was not whole is asked for again


@dataclass
class Rest:
    """Asks one Buildbot; logs in when it is refused, with the configured user.

    The session's cookie stays in the client.
    """

    credentials: Credentials
    client: httpx.AsyncClient

    def __post_init__(self) -> None:
        given = self.credentials
        pair = base64.b64encode(f"{given.user}:{given.password}".encode()).decode()

        async def signed() -> Mapping[str, str]:
            return {"Authorization": f"Basic {pair}"}

        self._vendor = Vendor(NAME, BLOCK, given.url, self.client, "password_file")
        self._door = Vendor(NAME, BLOCK, given.url, self.client, "password_file", signed)

    async def get(self, path: str, **query: str | int) -> Mapping[str, Any]:
        """Return the JSON object at a path; `NotThere` where there is no such thing.

        Buildbot 4.2 and later sometimes send an answer that is not whole when they are busy, so
        that is asked for once more.
        """
        answer = await self._read(path, query)
        try:
            return answer.object()
        except Unreachable:
            await asyncio.sleep(TORN)
        return (await self._read(path, query)).object()

    async def force(self, scheduler: str, params: Mapping[str, str]) -> int:
        """Force a build and return its build request id; what is unclear is `Unreachable`.

        Sent once. Only an answer that says no, or a connection that never came to be, is
        `Rejected`; what was refused for want of a login did nothing, and is sent after one.
        """
        asked = Asked(f"the force scheduler `{scheduler}`", FORCES)
        body = {"id": 1, "jsonrpc": "2.0", "method": "force", "params": dict(params)}
        answer = await self._forced(scheduler, body, asked)
        if answer.status in SIGN_IN:
            await self._log_in(asked)
            answer = await self._forced(scheduler, body, asked)
        if NO_SCHEDULER in answer.text:
            raise NotThere(f"Buildbot does not have {asked.what}.")
        if answer.status != OK:
            raise refusal(self._vendor, asked, answer)
        match answer.object().get("result"):
            case [int(), dict() as requests] if requests:
                return int(next(iter(requests.values())))
        raise answer.odd()

    async def _read(self, path: str, query: Mapping[str, str | int]) -> Answer:
        asked, whole = Asked(f"`{path}`", READS), f"api/v2/{path}"
        answer = await self._vendor.read(whole, asked, params=query, good=(OK, *SIGN_IN))
        if answer.status in SIGN_IN:
            await self._log_in(asked)
            answer = await self._vendor.read(whole, asked, params=query)
        return answer

    async def _forced(self, scheduler: str, body: Mapping[str, Any], asked: Asked) -> Answer:
        path, good = f"api/v2/forceschedulers/{quote(scheduler, safe='')}", (OK, *SIGN_IN, BROKEN)
        return await self._vendor.change("POST", path, asked, json=body, good=good)

    async def _log_in(self, asked: Asked) -> None:
        if not self.credentials.user:
            raise Rejected(
                f"Buildbot wants a login for {asked.what}: set {BLOCK}.user and password_file."
            )
        login = Asked("our login", "to be one of its users")
        answer = await self._door.read(
            "auth/login", login, accept="*/*", good=(OK, FOUND, UNAUTHORIZED), ahead=True
        )
        if answer.status == UNAUTHORIZED:
            raise Rejected(
                f"Buildbot refused the password of `{self.credentials.user}`: "
                f"check {BLOCK}.user and password_file."
            )
