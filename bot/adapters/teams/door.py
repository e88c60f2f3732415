"""The Teams door: activities in over HTTP, messages out, edits in place."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.routing import Route

from bot.adapters.teams.accounts import PLATFORM, Accounts
from bot.adapters.teams.activity import Malformed, Raw, read, understood
from bot.adapters.teams.connector import Connector
from bot.adapters.teams.credentials import Credentials, by_identity, by_password
from bot.adapters.teams.graph import Graph
from bot.adapters.teams.keys import Keys
from bot.adapters.teams.listeners import Listeners, Patience
from bot.adapters.teams.outgoing import Outgoing
from bot.adapters.teams.refusals import TokenRefused
from bot.adapters.teams.rooms import Rooms
from bot.adapters.teams.service_urls import TEAMS_HOSTS, ServiceUrls
from bot.adapters.teams.silence import silence
from bot.adapters.teams.talk import Talk
from bot.adapters.teams.tokens import Tokens
from bot.adapters.teams.turns import Turns
from bot.background import Tasks
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import httpx

    from bot.adapters.teams.references import References
    from bot.model import Place, Reply
    from bot.ports import Clock, NoticeBoard, Road

LOG = structlog.get_logger(__name__)
BODY_LIMIT = 256 * 1024  # bytes; Teams' own activities stay below 100 KB
SPACING = 3.0  # seconds between two messages or edits in one conversation (platforms.md §2.2)
GRACE = 10.0  # seconds that answers under way get when the door closes
INVOKE = "invoke"


@dataclass(frozen=True)
class Registration:
    """One Teams app, and where Microsoft's services are; the defaults are the public cloud's.

    `allowed_service_urls` are hosts (`*.example.com`) or exact origins (`http://127.0.0.1:4000`).
    `managed_identity_url` is asked for tokens in place of a password: Azure's metadata service,
    for an app that is a user-assigned managed identity. `graph_url` is Microsoft Graph, where
    rooms are channels; "" where they are threads.
    """

    app_id: str
    app_password: str = field(repr=False)
    tenant_id: str
    managed_identity_url: str = ""
    openid_metadata_url: str = "https://login.botframework.com/v1/.well-known/openidconfiguration"
    login_url: str = "https://login.microsoftonline.com/"
    allowed_service_urls: tuple[str, ...] = TEAMS_HOSTS
    issuer: str = "https://api.botframework.com"
    console_url: str = ""
    graph_url: str = ""


class Teams:
    """One Teams app; the Messenger and the Rooms of the platform "teams".

    Nothing of a body is read before its token is checked. `start` needs the running loop; `close`
    waits for the answers under way. `http` is shared and stays open.
    """

    def __init__(
        self,
        registration: Registration,
        *,
        road: Road,
        notices: NoticeBoard,
        clock: Clock,
        http: httpx.AsyncClient,
        references: References,
        patience: Patience | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        given = registration
        if not (given.app_id and given.tenant_id):
            raise ConfigurationError("teams: needs an app_id and a tenant_id")
        if bool(given.app_password) == bool(given.managed_identity_url):
            raise ConfigurationError("teams: needs an app_password or a managed identity, not both")
        silence()
        urls = ServiceUrls(given.allowed_service_urls)
        tenants = frozenset({given.tenant_id})
        self._keys = Keys(http, given.openid_metadata_url, clock)
        self._tokens = Tokens(
            self._keys,
            clock,
            app_id=given.app_id,
            tenants=tenants,
            issuer=given.issuer,
            service_urls=urls,
        )
        self._credentials = _credentials(given, http, clock, given.issuer)
        self._graph_credentials = _credentials(given, http, clock, given.graph_url.rstrip("/"))
        connector = Connector(http, self._credentials, urls, sleep)
        graph = Graph(given.graph_url, http, self._graph_credentials, sleep)
        self._tasks, self._turns = Tasks(), Turns(connector)
        self._accounts = Accounts(connector, clock, tenants)
        self._outgoing = Outgoing(connector, references, console_url=given.console_url)
        self._rooms = Rooms(self._outgoing, connector, graph if given.graph_url else None)
        talk = Talk(road, notices, self._accounts, self._outgoing)
        self._listeners = Listeners(talk, self._outgoing, self._tasks, patience or Patience())

    @property
    def platform(self) -> str:
        """Return the platform's name, as in `Place.platform`."""
        return PLATFORM

    async def start(self) -> None:
        """Begin to fetch the keys, so that the first message does not wait for them."""
        self._tasks.begin(self._keys.refresh())

    async def close(self) -> None:
        """Finish what is under way, and ask nobody any more."""
        await self._tasks.close(GRACE)
        await self._accounts.close()
        await self._keys.close()
        await self._credentials.close()
        await self._graph_credentials.close()

    @property
    def spacing(self) -> float:
        """Return 3: Teams takes 60 messages and edits in 30 s per conversation, everybody's."""
        return SPACING

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:  # noqa: ARG002 - Teams has no such thing: what is posted twice is shown twice
        """Show a reply in a conversation; `Rejected` or `Unreachable` when Teams does not."""
        return await self._outgoing.post(place, reply)

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:
        """Replace a message, controls included; the same errors."""
        await self._outgoing.update(place, ref, reply)

    async def open_room(self, title: str, *, beside: str, members: Sequence[str]) -> Place:
        """Open a room in a channel, or in its team; returns where to post in it."""
        return await self._rooms.open(title, beside, members)

    async def receive(self, request: Request) -> Response:
        """Take one HTTP request: a forged, oversized or unreadable one goes no further."""
        try:
            claims = await self._tokens.verify(request.headers.get("authorization"))
            raw = await _body(request)
            if raw is None:
                return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
            body = read(raw)
            self._tokens.admit(claims, body)
            return await self._take(body)
        except TokenRefused as refused:
            LOG.warning("a request is not from Teams", reason=refused.reason.value)
            return _refusal(refused.reason.status, refused.reason.value)
        except Malformed:
            return _refusal(HTTPStatus.BAD_REQUEST, "malformed")

    async def _take(self, body: Raw) -> Response:
        activity = understood(body)
        turn = self._turns.take(activity, self._listeners.take)
        if activity.type != INVOKE:
            # Teams waits for nothing here, and sends again what is not taken soon.
            self._tasks.begin(turn)
            return Response(status_code=HTTPStatus.ACCEPTED)
        said = await turn
        if said.body is None:
            return Response(status_code=said.status)
        return JSONResponse(said.body, status_code=said.status)


def routes(door: Teams) -> list[Route]:
    """Return the door's one address, which Teams posts everything to.

    A plain route: there is nothing for FastAPI to inject or to check here.
    """
    return [Route("/api/messages", door.receive, methods=["POST"], include_in_schema=False)]


def _credentials(
    given: Registration, http: httpx.AsyncClient, clock: Clock, resource: str
) -> Credentials:
    if given.managed_identity_url:
        url, app = given.managed_identity_url, given.app_id
        return Credentials(http, clock, by_identity(http, url=url, app_id=app, resource=resource))
    grant = by_password(
        http,
        login_url=given.login_url,
        tenant=given.tenant_id,
        app_id=given.app_id,
        password=given.app_password,
        scope=f"{resource}/.default",
    )
    return Credentials(http, clock, grant)


def _refusal(status: HTTPStatus, reason: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else {}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": "60"}
    return JSONResponse({"error": reason}, status_code=status, headers=headers)


async def _body(request: Request) -> bytes | None:
    """Return the raw body, or None for one that no activity is as long as."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            return None
        parts.append(part)
    return b"".join(parts)
