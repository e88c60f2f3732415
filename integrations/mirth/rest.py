"""Asks the engine's REST API within a session, which is begun where it is missing or over.

Mirth Connect 3.4 to 4.5 and Open Integration Engine: `/api`, JSON where asked for, the header
X-Requested-With on every request. Only statuses are read: no path here leads to a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from bot.api import Rejected, Unreachable
from bot.vendors import Asked, NotThere, Vendor
from bot.vendors.sentences import refusal

if TYPE_CHECKING:
    import httpx

    from bot.api import ChannelOrder, Credentials
    from bot.vendors import Answer

NAME: Final = "The engine"
OK, NOTHING, UNAUTHORIZED = 200, 204, 401
VIEW, CONTROL = "View Channels", "Start/Stop Channels"  # as the role plugin calls them


class Rest:
    """One engine's API; the session's cookie is kept until the engine does not take it any more."""

    def __init__(self, name: str, credentials: Credentials, client: httpx.AsyncClient) -> None:
        self._given = credentials
        base = credentials.url.rstrip("/").removesuffix("/api")
        secret = "password_file"  # noqa: S105 - the name of a setting, not its value
        called = f"{NAME} {name}"
        block = f"engines.{name}"
        self._vendor = Vendor(called, block, f"{base}/api", client, secret, self._headers)
        self._cookie = ""
        self._turn = asyncio.Lock()

    async def statuses(self) -> Answer:
        """Return how every channel stands, those that are not deployed too."""
        whole = {"includeUndeployed": "true"}
        return await self._read("channels/statuses", "its channels", whole)

    async def status(self, channel_id: str) -> Answer:
        """Return how one channel stands; `NotThere` where none of that id is deployed."""
        what = f"the channel {channel_id}"
        answer = await self._read(f"channels/{channel_id}/status", what)
        if answer.status == NOTHING or not answer.body.strip():
            raise NotThere(f"{self._vendor.name} does not have {what}.")
        return answer

    async def order(self, channel_id: str, order: ChannelOrder) -> None:
        """Send an order once; again only where the session was over, for then it did nothing."""
        asked = Asked(f"to {order.value} the channel {channel_id}", CONTROL)
        path, params = f"channels/{channel_id}/_{order.value}", {"returnErrors": "true"}
        good = (OK, NOTHING, UNAUTHORIZED)
        began = await self._session("", ahead=True)
        answer = await self._vendor.change("POST", path, asked, params=params, good=good)
        if answer.status == UNAUTHORIZED:
            await self._session(began, ahead=True)
            answer = await self._vendor.change("POST", path, asked, params=params, good=good)
        if answer.status == UNAUTHORIZED:
            raise refusal(self._vendor, asked, answer)

    async def _read(self, path: str, what: str, params: Mapping[str, str] | None = None) -> Answer:
        asked = Asked(what, VIEW)
        good = (OK, NOTHING, UNAUTHORIZED)
        began = await self._session("")
        answer = await self._vendor.read(path, asked, params=params, good=good)
        if answer.status == UNAUTHORIZED:
            await self._session(began)
            answer = await self._vendor.read(path, asked, params=params, good=(OK, NOTHING))
        return answer

    async def _session(self, over: str, *, ahead: bool = False) -> str:
        """Return the session's cookie; a new one where there is none, or where `over` is over."""
        async with self._turn:
            if self._cookie in ("", over):
                self._cookie = ""  # what has ended is not sent along
                self._cookie = await self._signed_in(ahead=ahead)
            return self._cookie

    async def _signed_in(self, *, ahead: bool) -> str:
        who = {"username": self._given.user, "password": self._given.password}
        try:
            answer = await self._vendor.change(
                "POST", "users/_login", Asked("a session"), data=who, good=(OK, NOTHING)
            )
        except Rejected as error:
            # For a reader an engine that was never reached is one of which nothing is known.
            if isinstance(error.__cause__, Unreachable) and not ahead:
                raise error.__cause__ from error
            raise
        except Unreachable as error:
            if ahead:  # nothing was ordered yet, whatever became of the session
                raise Rejected(f"{error.text.rstrip('.')}; nothing was done there.") from error
            raise
        cookies = [one.partition(";")[0] for one in answer.headers.get_list("set-cookie")]
        if not cookies:
            raise answer.odd()
        return "; ".join(cookies)

    async def _headers(self) -> Mapping[str, str]:
        # Named even while it is empty: the client would send what it remembers of another engine.
        return {"X-Requested-With": "Wardroom", "Cookie": self._cookie}
