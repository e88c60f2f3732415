"""Teams' own HTTP service: as few calls as we need, retried as Microsoft asks for.

botbuilder's connector blocks the loop and cannot be given our client, so this is ours. Bodies are
never logged, and our token never goes to an address that is not on the list.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.adapters.teams.calls import Body, Calls, error_codes, said, word
from bot.errors import Rejected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx

    from bot.adapters.teams.credentials import Credentials
    from bot.adapters.teams.service_urls import ServiceUrls

# What Microsoft says to send again: it was not taken the first time.
AGAIN = frozenset({412, 429, 502, 504})
WRITES_BLOCKED = "MessageWritesBlocked"
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
        self._calls = Calls("Teams", http, credentials, pause, AGAIN)
        self._urls = urls

    async def send(
        self, service_url: str, conversation: str, body: Body, *, is_targeted: bool = False
    ) -> str:
        """Post an activity; returns its id, which names it within its conversation."""
        path = f"conversations/{quote(conversation, safe='')}/activities"
        made = await self._call("POST", service_url, path, body, is_targeted=is_targeted)
        return word(made, "id")

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
        return word(await self._call("POST", service_url, "conversations", body), "id")

    async def member(self, service_url: str, conversation: str, user: str) -> Mapping[str, object]:
        """Return what Teams says of somebody in a conversation."""
        where, who = quote(conversation, safe=""), quote(user, safe="")
        return await self._call("GET", service_url, f"conversations/{where}/members/{who}", None)

    async def channels(self, service_url: str, team: str) -> Mapping[str, str]:
        """Return the names of a team's channels by id; the first one, General, has none."""
        path = f"teams/{quote(team, safe='')}/conversations"
        listed = (await self._call("GET", service_url, path, None)).get("conversations")
        rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
        return {word(row, "id"): word(row, "name") for row in rows if word(row, "id")}

    async def group(self, service_url: str, team: str) -> str:
        """Return the id that a team has in Entra, and in Microsoft Graph."""
        known = await self._call("GET", service_url, f"teams/{quote(team, safe='')}", None)
        return word(known, "aadGroupId")

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
        return _taken(await self._calls.ask(method, url, body, TARGETED if is_targeted else {}))


def _taken(response: httpx.Response) -> Mapping[str, object]:
    body, status = said(response), response.status_code
    if response.is_success:
        return body
    codes = error_codes(body)
    if WRITES_BLOCKED in codes:
        raise Blocked("Teams lets us write nothing there: the app was blocked or removed.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(f"Teams failed: {status}.")
    raise Rejected(f"Teams refused it: {' '.join([str(status), *codes])}.")
