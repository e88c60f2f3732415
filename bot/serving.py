"""Serves a house: the doors, the console and health on one port, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import importlib
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial

import httpx
import prometheus_client
import structlog
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import engines, ticket_systems
from bot.adapters import web
from bot.app import House, build, extend, running
from bot.background import Tasks
from bot.ci_servers import CiServers
from bot.deploys.patience import Patience
from bot.doors import Door, SlackDoor
from bot.errors import ConfigurationError
from bot.ground import Outside, SystemClock
from bot.login_settings import logins
from bot.ports import Ci, Clock
from bot.settings import Settings
from bot.storage.secrets import SealedSecret
from integrations.probes import HttpProber

YOUNG = 20_000  # new objects until the collector looks: a command makes and drops thousands
HANG_UP_SECONDS = 3.0  # how long what a signal asked for may go on when we stop
VITAL = ("audit log",)  # without it nothing can be done here
LOG = structlog.get_logger(__name__)


def web_app(
    settings: Settings,
    house: House,
    doors: Sequence[Route],
    sign_in: web.SignIn | None = None,
) -> ASGIApp:
    """Return the one HTTP application: the chat platforms' doors, the console, health."""
    api = FastAPI(title="Wardroom", docs_url=None, redoc_url=None, openapi_url=None)
    api.include_router(
        web.console(
            web.Parts(
                live=house.live,
                road=house.road,
                notices=house.notices,
                topics=house.stores.topics,
                directory=house.directory,
                audit=house.trail.audit,
                anchored=house.trail.anchors.said,
                complete=house.manual.complete,
                mode=settings.mode.value,
                public_url=settings.server.address,
                clock=house.clock,
                evidence=house.evidence,
                calendar=house.control.changing.file,
                halts=house.control.emergency.halts,
                signatures=house.desk.signing,
                sign_in=sign_in,
            )
        )
    )

    async def readiness() -> Mapping[str, str]:
        return _readiness(house)

    api.include_router(web.health(readiness, prometheus_client.REGISTRY, vital=VITAL))
    api.include_router(web.hooks(sources(settings), partial(told, house, settings)))
    by_path = {door.path: door for door in doors}

    async def switch(scope: Scope, receive: Receive, send: Send) -> None:
        # A door needs nothing of what stands before a page, and a platform waits for its answer.
        door = by_path.get(scope["path"]) if scope["type"] == "http" else None
        if door is None:
            await api(scope, receive, send)
        elif scope["method"] == "POST":
            response: Response = await door.endpoint(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await door.handle(scope, receive, send)  # says which method it takes

    return switch


async def serve(settings: Settings) -> None:
    """Run until told to stop."""
    extend(settings)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(follow_redirects=False))
        ci, clock = ci_servers(settings, client), SystemClock()
        tickets = ticket_systems.connected(settings.integrations, settings.tickets, client)
        known = await engines.connected(settings.engines, client, stack)
        asked = HttpProber(client, clock, logins(settings.logins))
        prober = engines.EngineProber(asked, known, clock)
        patience = Patience(
            job=settings.patience.job.total_seconds(), gate=settings.patience.gate.total_seconds()
        )
        outside = Outside(ci, prober, clock, patience, tickets=tickets, alerts=ci, engines=known)
        house = build(settings, outside)
        _measure(house)
        await stack.enter_async_context(running(house))
        routes: list[Route] = []
        for opened in (_slack(settings, house), _teams(settings, house, client)):
            if opened is not None:
                door, addresses = opened
                routes += addresses
                await door.start()
                stack.push_async_callback(door.close)
                house.outbox.messengers[door.platform] = door
                # Before it closes: what still waits then is shown by the next start.
                stack.callback(house.outbox.messengers.pop, door.platform, None)
        house.outbox.nudge()
        server = _Server(
            uvicorn.Config(
                web_app(settings, house, routes, sign_in(settings, client, clock)),
                host=settings.server.host,
                port=settings.server.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )

        def stop() -> None:
            server.stop()
            house.live.close()  # the open pages' streams would keep the server waiting

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        if not _has_terminal():
            hung_up = Tasks()
            stack.push_async_callback(hung_up.close, HANG_UP_SECONDS)
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGHUP, lambda: hung_up.begin(house.following.again())
            )
        # What is there now stays: looking through all of it again and again would stop every
        # answer for a tenth of a second each time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG)
        LOG.info("listening", address=settings.server.address)
        await server.serve()


def _has_terminal() -> bool:
    """Say whether a hang-up would mean that somebody closed our terminal, and not `reload`."""
    return sys.stdin is not None and sys.stdin.isatty()


class _Server(uvicorn.Server):
    """Leaves the signals to us: uvicorn would raise them again before the log is closed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield

    def stop(self) -> None:
        """Finish what is being answered, and end; told twice, end at once."""
        self.force_exit, self.should_exit = self.should_exit, True
        self._told.set()

    async def main_loop(self) -> None:
        """Tick once a second until told to stop: uvicorn's own ten ticks a second cost idle CPU.

        It counts its ticks in tenths of a second, and writes a new `Date` every ten.
        """
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 10
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._told.wait()


def ci_servers(settings: Settings, client: httpx.AsyncClient) -> CiServers:
    """Return the CI servers that the settings name; nothing is asked for yet."""
    found: dict[str, Ci] = {}
    for name, provider in settings.integrations.items():
        module = importlib.import_module(f"integrations.{name}")
        if getattr(module, "PORT", None) is Ci:
            found[name] = module.connect(provider.credentials(), client)
    if not found:
        raise ConfigurationError(
            "integrations: name at least one CI server, such as `buildbot`; there is none"
        )
    return CiServers(found)


def told(house: House, settings: Settings, source: str, about: Sequence[str]) -> int:
    """Have those look who wait for what a source tells of: a ticket's follower, or a build's."""
    if house.tickets is not None and source in ticket_systems.named(settings.integrations):
        return house.tickets.hear(about)
    return house.news.tell(source, about)


def sources(settings: Settings) -> Mapping[str, web.Source]:
    """Return who may tell us something, of those whose settings have a secret for it."""
    found: dict[str, web.Source] = {}
    for name, provider in settings.integrations.items():
        if not provider.hook_secrets:
            continue
        try:
            hook = importlib.import_module(f"integrations.{name}.hook")
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                f"integrations.{name}.hook_secret: {name} tells us nothing by itself; remove it"
            ) from error
        found[name] = web.Source(hook, provider.hook_secrets)
    return found


# A chat's door is imported where there is such a chat: its library takes long to load.


def _slack(settings: Settings, house: House) -> tuple[Door, Sequence[Route]] | None:
    given = settings.slack
    if given is None:
        return None
    slack = importlib.import_module("bot.adapters.slack")
    workspace = slack.Workspace(
        signing_secret=given.signing_secret.get_secret_value(),
        bot_token=given.bot_token.get_secret_value(),
        app_token=given.app_token.get_secret_value() if given.app_token else None,
        api_url=given.api_url,
        console_url=settings.server.address,
        command=given.command,
        names=given.names,
        client_id=given.client_id,
        client_secret=given.client_secret.get_secret_value() if given.client_secret else "",
        refresh_token=given.refresh_token.get_secret_value() if given.refresh_token else "",
    )
    door: SlackDoor = slack.Slack(
        workspace,
        road=house.road,
        notices=house.notices,
        clock=house.clock,
        sources=slack.Sources(
            house.directory,
            house.manual,
            house.desk,
            house.stores.deploys,
            topics=house.stores.topics,
        ),
        tokens=SealedSecret(house.database, "slack tokens", workspace.client_secret)
        if workspace.refresh_token
        else None,
    )
    house.notices.everywhere = {**house.notices.everywhere, door.home.platform: door.home}
    return door, slack.routes(door)


def _teams(
    settings: Settings, house: House, client: httpx.AsyncClient
) -> tuple[Door, Sequence[Route]] | None:
    given = settings.teams
    if given is None:
        return None
    teams = importlib.import_module("bot.adapters.teams")
    registration = teams.Registration(
        app_id=given.app_id,
        app_password=given.app_password.get_secret_value() if given.app_password else "",
        tenant_id=given.tenant_id,
        managed_identity_url=given.managed_identity_url or "",
        openid_metadata_url=given.openid_metadata_url,
        login_url=given.login_url,
        allowed_service_urls=given.allowed_service_urls,
        issuer=given.issuer,
        graph_url=given.graph_url if given.rooms == "channel" else "",
        console_url=settings.server.address,
    )
    door: Door = teams.Teams(
        registration,
        road=house.road,
        notices=house.notices,
        clock=house.clock,
        http=client,
        references=house.stores.references,
    )
    return door, teams.routes(door)


def sign_in(settings: Settings, client: httpx.AsyncClient, clock: Clock) -> web.SignIn | None:
    """Return the provider at which approvals are signed, None where there is none."""
    given = settings.oidc
    if given is None:
        return None
    oidc = importlib.import_module("bot.adapters.web.oidc")
    registration = oidc.Registration(
        issuer=given.issuer,
        client_id=given.client_id,
        client_secret=given.client_secret.get_secret_value(),
        redirect_url=f"{settings.server.address}/sign/back",
        discovery_url=given.discovery,
        authorization_url=given.authorization_url or "",
        token_url=given.token_url or "",
        jwks_url=given.jwks_url or "",
        subject_claim=given.subject_claim,
    )
    provider: web.SignIn = oidc.Provider(registration, client, clock)
    return provider


def _measure(house: House) -> None:
    ended = prometheus_client.Counter(
        "wardroom_commands", "Commands by how they ended.", ["verb", "reason"]
    )
    house.road.ended = lambda verb, reason: ended.labels(verb or "none", reason.value).inc()
    ages = prometheus_client.Gauge(
        "wardroom_audit_anchored_seconds",
        "Seconds since an anchor was last known to hold the audit log; NaN if not since the start.",
        ["anchor"],
    )
    for state in house.trail.anchors.states:
        ages.labels(state.name).set_function(partial(house.trail.anchors.age, state.name))
    events = prometheus_client.Gauge(
        "wardroom_audit_forward_lag_events",
        "Events of the audit log that a receiver does not have yet.",
        ["target"],
    )
    seconds = prometheus_client.Gauge(
        "wardroom_audit_forward_lag_seconds",
        "Seconds that the oldest event which a receiver does not have yet has waited.",
        ["target"],
    )
    indexer = house.trail.indexer
    if indexer is not None:
        missing = prometheus_client.Gauge(
            "wardroom_audit_index_missing_events",
            "Events of the audit log that the search index does not have yet.",
        )
        missing.set_function(partial(getattr, indexer, "missing"))
    standing = house.control.emergency.standing
    for name, meaning in (
        ("stopped", "1 while a stop-all is in force; NaN while that cannot be told."),
        ("glasses", "Uses of break-glass that have not ended."),
        ("reviews", "Reviews of emergencies that nobody has closed yet."),
        ("late", "Reviews of emergencies that should have been closed."),
    ):
        gauge = prometheus_client.Gauge(f"wardroom_emergency_{name}", meaning)
        gauge.set_function(partial(getattr, standing, name))
    for each in house.trail.forwarding.forwarders:
        events.labels(each.name).set_function(each.events_behind)
        seconds.labels(each.name).set_function(each.seconds_behind)


def _readiness(house: House) -> Mapping[str, str]:
    """Return how each part stands, "ok" or what is wrong with it."""
    kms, indexer = house.trail.countersigner, house.trail.indexer
    return {
        "audit log": house.trail.log.trouble or "ok",
        "audit spool": house.trail.spool.trouble or "ok",
        "unfinished commands": house.trail.unfinished.trouble or "ok",
        "audit anchors": house.trail.anchors.trouble or "ok",
        "audit retention": house.trail.retention.trouble or "ok",
        **({"audit index": indexer.differed or "ok"} if indexer else {}),
        **({"audit countersigner": kms.trouble or "ok"} if kms else {}),
        "people": house.directory.trouble or "ok",
        "policies": house.following.keeper.trouble or "ok",
        "calendars": house.control.freezes.trouble or "ok",
        **({"tickets": house.tickets.trouble or "ok"} if house.tickets else {}),
        **house.outbox.trouble(),
        **house.trail.forwarding.trouble(),
    }
