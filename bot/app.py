"""The composition root: the only module that imports everything, wired by hand."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import prometheus_client
import structlog
import uvicorn
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI

import commands
from bot import __version__, catalogue, directory, freezes, registry
from bot.adapters import slack, web
from bot.api import Approvals, Credentials, Deployments, Linking, Manual, QueryLanguage
from bot.audit.log import AuditLog
from bot.audit.query import parse_query
from bot.audit.search import AuditSearch
from bot.deploys.desk import DeployDesk
from bot.deploys.flow import WORKFLOW, DeployFlow, Patience
from bot.dispatch.approve import CARRY_OUT, ApprovalDesk
from bot.dispatch.authorise import Policies
from bot.dispatch.carry_out import CarryOut
from bot.dispatch.execute import Executor
from bot.dispatch.outbound import masked
from bot.dispatch.parse import Parser
from bot.dispatch.pipeline import Pipeline
from bot.dispatch.recording import Recorder
from bot.errors import AuditUnavailable, ConfigurationError
from bot.links import LinkDesk
from bot.manual import CommandManual
from bot.model import Draft, Kind
from bot.notices import TopicNotices
from bot.outbox import Outbox
from bot.ports import (
    AuditReader,
    Catalogue,
    ChangeTickets,
    Ci,
    Clock,
    Directory,
    Freezes,
    Messenger,
    Prober,
)
from bot.settings import Provider, Settings
from bot.storage.changes import ChangeRegister
from bot.storage.database import Database
from bot.storage.deliveries import SqlDeliveries
from bot.storage.deploys import SqlDeploys
from bot.storage.letters import SqlLetters
from bot.storage.links import SqlLinks
from bot.storage.requests import SqlRequests
from bot.storage.topics import SqlTopics
from bot.stores import DeployStore, Letters
from bot.workflow.engine import POLL_SECONDS, DurableEngine
from integrations.probes import HttpProber

LOG = structlog.get_logger(__name__)
EXPIRY_SECONDS = 5
PEOPLE_SECONDS, LINKS_SECONDS = 2, 10
DELIVERIES_KEPT = timedelta(days=2)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Outside:
    """What is not ours: a test brings its own, nothing in between knows the difference."""

    ci: Ci
    prober: Prober
    clock: Clock
    patience: Patience = field(default_factory=Patience)
    poll_seconds: float = POLL_SECONDS


@dataclass(frozen=True)
class Stores:
    """What is kept, one store each."""

    requests: SqlRequests
    deploys: SqlDeploys
    changes: ChangeRegister
    topics: SqlTopics
    letters: SqlLetters
    deliveries: SqlDeliveries
    links: SqlLinks


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that runs, once it has been wired."""

    database: Database
    stores: Stores
    log: AuditLog
    audit: AuditReader
    engine: DurableEngine
    road: Pipeline
    desk: ApprovalDesk
    notices: TopicNotices
    outbox: Outbox
    messengers: dict[str, Messenger]
    directory: directory.LiveDirectory
    links: LinkDesk
    manual: CommandManual
    live: web.Live
    clock: Clock
    commands: registry.Registry


def build(settings: Settings, outside: Outside) -> House:
    """Wire everything; nothing is started and nothing is asked for over the network."""
    database, clock, ci = _database(settings), outside.clock, outside.ci
    stores = _stores(database, clock)
    people = directory.LiveDirectory(settings.people, sandbox=settings.is_sandbox)
    estate = catalogue.load(settings.services)
    known = registry.discover(commands)
    policies = Policies(known.commands, settings.policies)
    links = LinkDesk(stores.links, people, policies.holds, clock)
    log = AuditLog(database, clock=clock, software=__version__, replica=_replica())
    audit = AuditSearch(database)
    engine = DurableEngine(database, poll_seconds=outside.poll_seconds)
    live = web.Live(clock)
    messengers: dict[str, Messenger] = {}
    outbox = Outbox(stores.letters, messengers, clock, settings.elsewhere)
    notices = TopicNotices(
        stores.topics, stores.letters, clock, masked, {live.platform: live}, outbox.nudge
    )
    recorder = Recorder(log, stores.deliveries, policies, clock, notices)
    parser, manual = Parser(known, estate, people), CommandManual(known, policies, estate)
    calendar = freezes.load(settings.calendars)
    deploys = DeployDesk(stores.deploys, ci, stores.changes, calendar, engine, notices, clock)
    executor = Executor(recorder)
    decided = (stores.requests, policies, parser, people, executor, engine, log, notices, clock)
    desk = ApprovalDesk(*decided)
    executor.wire(
        known,
        {
            Approvals: desk,
            AuditReader: audit,
            Catalogue: estate,
            ChangeTickets: stores.changes,
            Ci: ci,
            Clock: clock,
            Deployments: deploys,
            DeployStore: stores.deploys,
            Directory: people,
            Freezes: calendar,
            Letters: stores.letters,
            Linking: links,
            Manual: manual,
            Prober: outside.prober,
            QueryLanguage: lambda text: parse_query(text, now=clock.now()),
        },
    )
    carried = (stores.requests, parser, people, desk, executor, recorder, audit, notices)
    engine.register(CARRY_OUT, CarryOut(*carried))
    outer = (stores.deploys, ci, stores.changes, outside.prober, estate)
    engine.register(WORKFLOW, DeployFlow(*outer, log, audit, notices, clock, outside.patience))
    road = Pipeline(parser, people, policies, executor, desk, recorder, stores.deliveries)
    return House(
        database=database,
        stores=stores,
        log=log,
        audit=audit,
        engine=engine,
        road=road,
        desk=desk,
        notices=notices,
        outbox=outbox,
        messengers=messengers,
        directory=people,
        links=links,
        manual=manual,
        live=live,
        clock=clock,
        commands=known,
    )


def _database(settings: Settings) -> Database:
    return Database.open(settings.database.get_secret_value())


def _stores(database: Database, clock: Clock) -> Stores:
    return Stores(
        requests=SqlRequests(database),
        deploys=SqlDeploys(database),
        changes=ChangeRegister(database, clock),
        topics=SqlTopics(database),
        letters=SqlLetters(database),
        deliveries=SqlDeliveries(database),
        links=SqlLinks(database),
    )


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    """Open the store, the log and the engine; close them in the other order."""
    async with AsyncExitStack() as stack:
        stack.callback(house.database.close)
        await asyncio.to_thread(house.database.upgrade)
        house.log.start()
        stack.push_async_callback(house.log.close)
        await house.engine.launch()
        stack.push_async_callback(house.engine.close)
        stack.callback(house.live.close)
        house.outbox.start()
        stack.push_async_callback(house.outbox.close)
        await house.log.append(_said("start"))
        await house.links.refresh()
        scheduler = AsyncIOScheduler(timezone=UTC)
        # The jobs only look; what they do is one guarded transaction each, so a second replica
        # that looks at the same moment changes nothing.
        scheduler.add_job(
            house.desk.expire_due, "interval", seconds=EXPIRY_SECONDS, max_instances=1
        )
        scheduler.add_job(_forget, "interval", hours=1, args=[house])
        scheduler.add_job(house.directory.look, "interval", seconds=PEOPLE_SECONDS)
        scheduler.add_job(house.links.refresh, "interval", seconds=LINKS_SECONDS)
        scheduler.start()
        stack.callback(scheduler.shutdown, wait=False)
        yield house


def web_app(settings: Settings, house: House, chat: slack.Slack | None) -> FastAPI:
    """Return the one HTTP application: console, health, Slack."""
    # Slack's first: routes are tried in their order, and Slack is the one that waits least.
    routes = slack.routes(chat) if chat is not None else []
    api = FastAPI(title="Wardroom", docs_url=None, redoc_url=None, openapi_url=None, routes=routes)
    api.include_router(
        web.console(
            web.Parts(
                live=house.live,
                road=house.road,
                notices=house.notices,
                topics=house.stores.topics,
                directory=house.directory,
                audit=house.audit,
                complete=house.manual.complete,
                mode=settings.mode.value,
                public_url=settings.server.address,
                clock=house.clock,
            )
        )
    )

    async def readiness() -> Mapping[str, str]:
        people = house.directory.trouble or "ok"
        return {"audit log": house.log.trouble or "ok", "people": people, **house.outbox.trouble()}

    api.include_router(web.health(readiness, prometheus_client.REGISTRY))
    return api


async def serve(settings: Settings) -> None:
    """Run until told to stop."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(follow_redirects=False))
        clock = SystemClock()
        outside = Outside(_ci(settings, client), HttpProber(client), clock)
        house = build(settings, outside)
        _measure(house)
        await stack.enter_async_context(running(house))
        chat = _slack(settings, house)
        if chat is not None:
            house.messengers[chat.platform] = chat
            await chat.start()
            stack.push_async_callback(chat.close)
        server = _Server(
            uvicorn.Config(
                web_app(settings, house, chat),
                host=settings.server.host,
                port=settings.server.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )

        def stop() -> None:
            server.force_exit, server.should_exit = server.should_exit, True
            house.live.close()  # the open pages' streams would keep the server waiting

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        # What is there now stays: looking through all of it again and again would stop every
        # answer for a tenth of a second each time.
        gc.collect()
        gc.freeze()
        LOG.info("listening", address=settings.server.address)
        await server.serve()


class _Server(uvicorn.Server):
    """Leaves the signals to us: uvicorn would raise them again before the log is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def _ci(settings: Settings, client: httpx.AsyncClient) -> Ci:
    found: list[Ci] = []
    for name, provider in settings.integrations.items():
        module = importlib.import_module(f"integrations.{name}")
        if getattr(module, "PORT", None) is Ci:
            found.append(module.connect(_credentials(provider), client))
    if len(found) != 1:
        raise ConfigurationError(
            f"integrations: name exactly one CI server, such as `buildbot`; there are {len(found)}"
        )
    return found[0]


def _credentials(provider: Provider) -> Credentials:
    return Credentials(
        url=provider.url,
        user=provider.user,
        password=provider.password.get_secret_value() if provider.password else "",
        token=provider.token.get_secret_value() if provider.token else "",
    )


def _slack(settings: Settings, house: House) -> slack.Slack | None:
    given = settings.slack
    if given is None:
        return None
    workspace = slack.Workspace(
        signing_secret=given.signing_secret.get_secret_value(),
        bot_token=given.bot_token.get_secret_value(),
        app_token=given.app_token.get_secret_value() if given.app_token else None,
        api_url=given.api_url,
        console_url=settings.server.address,
    )
    return slack.Slack(workspace, road=house.road, notices=house.notices, clock=house.clock)


def _measure(house: House) -> None:
    ended = prometheus_client.Counter(
        "wardroom_commands", "Commands by how they ended.", ["verb", "reason"]
    )
    house.road.ended = lambda verb, reason: ended.labels(verb or "none", reason.value).inc()


def _said(what: str) -> Draft:
    return Draft(kind=Kind.SYSTEM, verb=what, correlation=f"{what}-{os.getpid()}", text=what)


async def _forget(house: House) -> None:
    before = house.clock.now() - DELIVERIES_KEPT
    try:
        await house.log.append(_said("forget deliveries"), house.stores.deliveries.forget(before))
    except AuditUnavailable:
        LOG.warning("old deliveries are kept until the audit log can be written")


def _replica() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def run(settings: Settings) -> None:
    """Serve until told to stop; the one entry for the command line."""
    asyncio.run(serve(settings))
