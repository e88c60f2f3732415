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
from starlette.routing import Route

from bot.adapters.slack.accounts import PLATFORM, Accounts
from bot.adapters.slack.files import upload
from bot.adapters.slack.hometab import HomeTabs, Pages, Sources
from bot.adapters.slack.listeners import Listeners, bolt_app
from bot.adapters.slack.names import SlashNames
from bot.adapters.slack.outgoing import Outgoing
from bot.adapters.slack.rooms import Rooms
from bot.adapters.slack.rotation import Rotation, Tokens
from bot.adapters.slack.signature import refusal
from bot.adapters.slack.silence import silent_logger
from bot.adapters.slack.socket import Socket
from bot.adapters.slack.talk import Talk
from bot.background import Tasks
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.model import Account, Place, Reply
    from bot.ports import Clock, Messenger, NoticeBoard, Road

BODY_LIMIT = 1024 * 1024  # bytes; Slack's own requests stay far below
TIMEOUT = aiohttp.ClientTimeout(total=10)  # seconds for one call to Slack
RATE_RETRIES = 1  # what is asked to come back later than that, the outbox sends
GRACE = 10.0  # seconds that answers under way get when the door closes


@dataclass(frozen=True)
class Workspace:
    """How to reach one Slack app; with `app_token` by Socket Mode, else Slack posts to us.

    `command` is the slash command, such as `/ops`; its verbs are `/ops-deploy` and so on, unless
    `names` calls one otherwise. With `refresh_token`, `client_id` and `client_secret` the bot
    token is changed for a new one before it expires.
    """

    signing_secret: str = field(repr=False)
    bot_token: str = field(repr=False)
    app_token: str | None = field(default=None, repr=False)
    api_url: str = "https://slack.com/api/"
    console_url: str = ""
    command: str = "/ops"
    names: Mapping[str, str] = field(default_factory=dict)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)


class Slack:
    """One Slack app; the Messenger and the Rooms of the platform "slack".

    Nothing reaches a library before its signature is checked. `start` needs the running loop;
    `close` waits for the answers under way.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        road: Road,
        notices: NoticeBoard,
        clock: Clock,
        sources: Sources | None = None,
        tokens: Tokens | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not (workspace.signing_secret and workspace.bot_token):
            raise ConfigurationError("slack: needs a signing_secret and a bot_token")
        names = SlashNames(workspace.command, workspace.names)
        self._workspace, self._clock = workspace, clock
        self._client = _web_client(workspace)
        self._tasks = Tasks()
        self._accounts = Accounts(self._client, clock)
        self._outgoing = Outgoing(
            self._client, clock, console_url=workspace.console_url, api_url=workspace.api_url
        )
        self._rooms = Rooms(self._outgoing, self._accounts)
        self._rotation = _rotation(workspace, self._client, tokens, clock)
        pages = Pages(sources, notices, self._accounts)
        self._homes = HomeTabs(
            pages,
            self._outgoing,
            self._tasks,
            clock,
            console_url=workspace.console_url,
            sleep=sleep,
            topics=sources.topics if sources else None,
        )

        def choices(account: Account) -> Sequence[str]:
            return [command.name for command in sources.allowed(account)] if sources else ()

        talk = Talk(road, notices, self._accounts, self._outgoing, choices)
        listeners = Listeners(talk, self._accounts, self._tasks, names, self._homes)
        self._bolt = bolt_app(listeners, names)
        self._socket = (
            Socket(self._bolt, self._client, workspace.app_token) if workspace.app_token else None
        )

    @property
    def platform(self) -> str:
        """Return the platform's name, as in `Place.platform`."""
        return PLATFORM

    @property
    def home(self) -> Messenger:
        """Return the Home tabs, as one more messenger that shows every topic."""
        return self._homes

    async def start(self) -> None:
        """Open the one session to Slack, learn who we are, and connect where that is our part."""
        self._client.session = aiohttp.ClientSession(timeout=TIMEOUT)
        if self._rotation is not None:
            await self._rotation.start()
        self._tasks.begin(self._accounts.home())
        if self._socket is not None:
            await self._socket.start()

    async def close(self) -> None:
        """Take no more, finish what is under way, and let go of the session."""
        if self._socket is not None:
            await self._socket.close()
        if self._rotation is not None:
            await self._rotation.close()
        await self._homes.close()
        await self._tasks.close(GRACE)
        await self._accounts.close()
        if self._client.session is not None:
            await self._client.session.close()

    @property
    def spacing(self) -> float:
        """Return 1: Slack takes about one message a second in a channel (platforms.md §1.4)."""
        return 1.0

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:
        """Show a reply in a channel; `Rejected` or `Unreachable` when Slack does not take it."""
        return await self._outgoing.post(place, reply, key=key)

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:
        """Replace a message, controls included; the same errors."""
        await self._outgoing.update(place.channel, ref, reply)

    async def open_room(self, title: str, *, beside: str, members: Sequence[str]) -> Place:
        """Open a room for one matter: a public channel, with its people in it."""
        return await self._rooms.open(title, beside, members)

    async def upload(self, place: Place, name: str, content: bytes) -> None:
        """Hand a file over in a place; `Rejected` or `Unreachable` when Slack does not take it."""
        await upload(self._outgoing, place, name, content)

    async def refresh_home(self, users: Sequence[str]) -> None:
        """Draw the Home tabs of these Slack users again, where they are open; does not wait."""
        self._homes.refresh(users)

    def topic_changed(self, topic: str) -> None:
        """Draw every open Home tab again that may show this topic; does not wait.

        A person's tab is drawn at most every three seconds, and sent only when it has changed.
        """
        self._homes.topic_changed(topic)

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


def routes(door: Slack) -> list[Route]:
    """Return the door's one address, which Slack posts everything to.

    A plain route: there is nothing for FastAPI to inject or to check here.
    """
    return [Route("/slack/events", door.receive, methods=["POST"], include_in_schema=False)]


def _rotation(
    workspace: Workspace, client: AsyncWebClient, tokens: Tokens | None, clock: Clock
) -> Rotation | None:
    if not workspace.refresh_token:
        return None
    if not (workspace.client_id and workspace.client_secret and tokens):
        raise ConfigurationError(
            "slack: a refresh_token needs a client_id, a client_secret and a place to keep tokens"
        )
    app = (workspace.client_id, workspace.client_secret)
    return Rotation(client, tokens, clock, app, seed=workspace.refresh_token)


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
