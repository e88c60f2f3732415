"""The Slack door: requests in over HTTP or Socket Mode, messages out, edits in place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from fastapi import Request, Response
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient
from starlette.routing import BaseRoute, Route

from bot.adapters.slack.accounts import PLATFORM, Accounts
from bot.adapters.slack.edits import Edits
from bot.adapters.slack.listeners import Listeners, bolt_app
from bot.adapters.slack.outgoing import Outgoing
from bot.adapters.slack.signature import refusal
from bot.adapters.slack.silence import silent_logger
from bot.adapters.slack.socket import Socket
from bot.adapters.slack.talk import Talk
from bot.adapters.slack.tasks import Tasks
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.model import Place, Reply
    from bot.ports import Clock, Notices, Road

BODY_LIMIT = 1024 * 1024  # bytes; Slack's own requests stay far below
TIMEOUT = aiohttp.ClientTimeout(total=10)  # seconds for one call to Slack
RATE_RETRIES = 3
GRACE = 10.0  # seconds that answers under way get when the door closes


@dataclass(frozen=True)
class Workspace:
    """How to reach one Slack app; with `app_token` by Socket Mode, else Slack posts to us.

    `command` is the slash command, such as `/ops`; its verbs are `/ops-deploy` and so on.
    """

    signing_secret: str = field(repr=False)
    bot_token: str = field(repr=False)
    app_token: str | None = field(default=None, repr=False)
    api_url: str = "https://slack.com/api/"
    console_url: str = ""
    command: str = "/ops"


class Slack:
    """One Slack app; the Messenger of the platform "slack".

    Nothing reaches a library before its signature is checked. `start` needs the running loop;
    `close` waits for the answers under way.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        road: Road,
        notices: Notices,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not (workspace.signing_secret and workspace.bot_token):
            raise ConfigurationError("slack: needs a signing_secret and a bot_token")
        self._workspace, self._clock = workspace, clock
        self._client = _web_client(workspace)
        self._tasks = Tasks()
        self._accounts = Accounts(self._client, clock)
        self._outgoing = Outgoing(
            self._client, clock, console_url=workspace.console_url, api_url=workspace.api_url
        )
        self._edits = Edits(self._outgoing.update, sleep)
        talk = Talk(road, notices, self._accounts, self._outgoing)
        listeners = Listeners(talk, self._accounts, self._outgoing, self._tasks, workspace.command)
        self._bolt = bolt_app(listeners, workspace.command)
        self._socket = (
            Socket(self._bolt, self._client, workspace.app_token) if workspace.app_token else None
        )

    @property
    def platform(self) -> str:
        """Return the platform's name, as in `Place.platform`."""
        return PLATFORM

    async def start(self) -> None:
        """Open the one session to Slack, learn who we are, and connect where that is our part."""
        self._client.session = aiohttp.ClientSession(timeout=TIMEOUT)
        self._tasks.begin(self._accounts.home())
        if self._socket is not None:
            await self._socket.start()

    async def close(self) -> None:
        """Take no more, finish what is under way, and let go of the session."""
        if self._socket is not None:
            await self._socket.close()
        await self._tasks.close(GRACE)
        await self._edits.close(GRACE)
        await self._accounts.close()
        if self._client.session is not None:
            await self._client.session.close()

    async def post(self, place: Place, reply: Reply) -> str:
        """Show a reply in a channel; `Rejected` or `Unreachable` when Slack does not take it."""
        return await self._outgoing.post(place, reply)

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:
        """Replace a message soon: at most one edit a second per channel, the newest one wins.

        Does not wait for Slack, so that work that reports its progress is not held up by it.
        """
        self._edits.put(place.channel, ref, reply)

    async def receive(self, request: Request) -> Response:
        """Take one HTTP request of Slack's: a forged, stale or unreadable one goes no further."""
        body = await _body(request)
        if body is None:
            return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        refused = refusal(self._workspace.signing_secret, request.headers, body, self._clock.now())
        if refused is not None:
            return Response(status_code=refused)
        try:
            understood = to_async_bolt_request(request, body)
        except (ValueError, AttributeError):  # no JSON; JSON, but no object
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return to_starlette_response(await self._bolt.async_dispatch(understood))


def routes(door: Slack) -> list[BaseRoute]:
    """Return the door's one address, which Slack posts everything to.

    A plain route: there is nothing for FastAPI to inject or to check here.
    """
    return [Route("/slack/events", door.receive, methods=["POST"], include_in_schema=False)]


def _web_client(workspace: Workspace) -> AsyncWebClient:
    url = workspace.api_url
    return AsyncWebClient(
        token=workspace.bot_token,
        base_url=url if url.endswith("/") else url + "/",
        logger=silent_logger(),
        retry_handlers=[
            AsyncConnectionErrorRetryHandler(),
            AsyncRateLimitErrorRetryHandler(max_retry_count=RATE_RETRIES),
        ],
    )


async def _body(request: Request) -> bytes | None:
    """Return the raw body, or None for one that no Slack request is as long as."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            return None
        parts.append(part)
    return b"".join(parts)
