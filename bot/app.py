"""The composition root: the only module that imports everything, wired by hand."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

import commands
from bot import __version__, catalogue, directory, freezes, registry
from bot.adapters import web
from bot.api import (
    AccessReviews,
    Anchors,
    Approvals,
    Deployments,
    Linking,
    Manual,
    MonthlyReports,
    QueryLanguage,
)
from bot.audit.anchors import Anchor, Channel, Keeper, LogView, made
from bot.audit.countersign import Countersigner, Notary
from bot.audit.forward.forwarding import Forwarding
from bot.audit.index.folder import Index
from bot.audit.index.worker import Indexer
from bot.audit.keys import KeyFile
from bot.audit.log import AuditLog
from bot.audit.note import VerifierKey
from bot.audit.prover import LogProver
from bot.audit.query import parse_query
from bot.audit.report import ReportWriter
from bot.audit.roster import Roster
from bot.audit.search import AuditSearch
from bot.audit.usage import UsageReader
from bot.audit_settings import AnchorPlace
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
    AuditProver,
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
from bot.review.desk import ReviewDesk
from bot.review.rights import RightsTable
from bot.settings import Settings
from bot.storage.changes import ChangeRegister
from bot.storage.database import Database
from bot.storage.deliveries import SqlDeliveries
from bot.storage.deploys import SqlDeploys
from bot.storage.letters import SqlLetters
from bot.storage.links import SqlLinks
from bot.storage.references import SqlReferences
from bot.storage.requests import SqlRequests
from bot.storage.topics import SqlTopics
from bot.stores import DeployStore, Letters
from bot.workflow.engine import POLL_SECONDS, DurableEngine

LOG = structlog.get_logger(__name__)
EXPIRY_SECONDS = 5
PEOPLE_SECONDS, LINKS_SECONDS, ANCHORS_SECONDS = 2, 10, 10
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

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {Ci: self.ci, Clock: self.clock, Prober: self.prober}


@dataclass(frozen=True)
class Stores:
    """What is kept, one store each."""

    requests: SqlRequests
    deploys: SqlDeploys
    changes: ChangeRegister
    topics: SqlTopics
    letters: SqlLetters
    references: SqlReferences
    deliveries: SqlDeliveries
    links: SqlLinks

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {
            ChangeTickets: self.changes,
            DeployStore: self.deploys,
            Letters: self.letters,
        }


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that runs, once it has been wired."""

    database: Database
    stores: Stores
    log: AuditLog
    anchors: Keeper
    countersigner: Countersigner | None
    forwarding: Forwarding
    audit: AuditReader
    indexer: Indexer | None
    engine: DurableEngine
    road: Pipeline
    desk: ApprovalDesk
    notices: TopicNotices
    outbox: Outbox
    directory: directory.LiveDirectory
    roster: Roster
    links: LinkDesk
    manual: CommandManual
    live: web.Live
    clock: Clock
    commands: registry.Registry


def build(settings: Settings, outside: Outside) -> House:
    """Wire everything; nothing is started and nothing is asked for over the network."""
    database, clock, ci = _database(settings), outside.clock, outside.ci
    stores, estate = _stores(database, clock), catalogue.load(settings.services)
    people = directory.LiveDirectory(settings.people, sandbox=settings.is_sandbox)
    known, calendar = registry.discover(commands), freezes.load(settings.calendars)
    policies = Policies(known.commands, settings.policies)
    links = LinkDesk(stores.links, people, policies.holds, clock)
    log, audit, indexer = _log(settings, database, clock)
    engine = DurableEngine(database, poll_seconds=outside.poll_seconds)
    notices, live, outbox = _notices(settings, stores, clock)
    keeper = _keeper(settings, stores, log, notices, database=database, clock=clock)
    recorder = Recorder(log, stores.deliveries, policies, clock, notices)
    parser, manual = Parser(known, estate, people), CommandManual(known, policies, estate)
    deploys = DeployDesk(stores.deploys, ci, stores.changes, calendar, engine, notices, clock)
    executor, rights = Executor(recorder), RightsTable(known.commands, policies, estate)
    decided = (stores.requests, policies, parser, people, executor, engine, log, notices, clock)
    desk = ApprovalDesk(*decided)
    executor.wire(
        known,
        {
            AccessReviews: ReviewDesk(people, links, rights, UsageReader(database), audit),
            Approvals: desk,
            Catalogue: estate,
            Deployments: deploys,
            Directory: people,
            Freezes: calendar,
            Linking: links,
            Manual: manual,
            **_of_the_log(database, audit, keeper, clock),
            **outside.provided(),
            **stores.provided(),
        },
    )
    carried = (stores.requests, parser, people, desk, executor, recorder, audit, notices)
    engine.register(CARRY_OUT, CarryOut(*carried))
    outer = (stores.deploys, ci, stores.changes, outside.prober, estate)
    engine.register(WORKFLOW, DeployFlow(*outer, log, audit, notices, clock, outside.patience))
    return House(
        database=database,
        stores=stores,
        log=log,
        countersigner=_countersigner(settings, database),
        anchors=keeper,
        audit=audit,
        indexer=indexer,
        engine=engine,
        forwarding=Forwarding.made(settings.audit.forward, database, clock, _replica()),
        road=Pipeline(parser, people, policies, executor, desk, recorder, stores.deliveries),
        desk=desk,
        notices=notices,
        outbox=outbox,
        directory=people,
        roster=Roster(log),
        links=links,
        manual=manual,
        live=live,
        clock=clock,
        commands=known,
    )


def _database(settings: Settings) -> Database:
    return Database.open(settings.database.get_secret_value())


def _of_the_log(
    database: Database, audit: AuditReader, keeper: Keeper, clock: Clock
) -> Mapping[type, object]:
    """Return what commands may ask for that only reads the log."""
    return {
        AuditProver: LogProver(database),
        Anchors: keeper,
        AuditReader: audit,
        MonthlyReports: ReportWriter(database, clock),
        QueryLanguage: lambda text: parse_query(text, now=clock.now()),
    }


def _keeper(
    settings: Settings,
    stores: Stores,
    log: AuditLog,
    notices: TopicNotices,
    *,
    database: Database,
    clock: Clock,
) -> Keeper:
    """Return what holds the log to what it was, with the anchors that the settings name."""

    def post(name: str, at: AnchorPlace) -> Anchor:
        return Channel(name, at.place, at.seconds, log, notices, stores.letters, clock)

    return Keeper(made(settings.audit, post), LogView(database), clock, log.halt)


def _log(
    settings: Settings, database: Database, clock: Clock
) -> tuple[AuditLog, AuditSearch, Indexer | None]:
    """Return what writes the log, what reads it, and what keeps its index up."""
    keys, replica = KeyFile(settings.audit.key, settings.audit.origin), _replica()
    log = AuditLog(database, clock=clock, software=__version__, replica=replica, keys=keys)
    index = Index(settings.audit.index) if settings.audit.index else None
    indexer = Indexer(database, index) if index else None
    return log, AuditSearch(database, index=index, keys=keys), indexer


def _countersigner(settings: Settings, database: Database) -> Countersigner | None:
    asked = settings.audit.countersign
    if asked is None:
        return None
    try:
        notary = Notary(asked.command, VerifierKey.parse(asked.key))
    except ValueError as error:
        raise ConfigurationError(f"audit.countersign.key: {error}") from error
    return Countersigner(database, notary, asked.every)


def _notices(
    settings: Settings, stores: Stores, clock: Clock
) -> tuple[TopicNotices, web.Live, Outbox]:
    """Return the messages by topic, and how they come to the console and to the chats."""
    live, outbox = web.Live(clock), Outbox(stores.letters, {}, clock, settings.elsewhere)
    console: dict[str, Messenger] = {live.platform: live}
    kept = stores.topics, stores.letters, clock
    notices = TopicNotices(*kept, masked, console, outbox.messengers, outbox.nudge)
    return notices, live, outbox


def _stores(database: Database, clock: Clock) -> Stores:
    return Stores(
        requests=SqlRequests(database),
        deploys=SqlDeploys(database),
        changes=ChangeRegister(database, clock),
        topics=SqlTopics(database),
        letters=SqlLetters(database),
        references=SqlReferences(database),
        deliveries=SqlDeliveries(database),
        links=SqlLinks(database),
    )


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    """Open the store, the log and the engine; close them in the other order."""
    async with AsyncExitStack() as stack:
        stack.callback(house.database.close)
        await asyncio.to_thread(house.database.upgrade)
        stack.push_async_callback(house.anchors.close)
        await house.anchors.check()
        house.log.start()
        stack.push_async_callback(house.log.close)
        house.forwarding.start()
        stack.push_async_callback(house.forwarding.close)
        if house.indexer is not None:
            house.indexer.start()
            stack.push_async_callback(house.indexer.close)
        await house.engine.launch()
        stack.push_async_callback(house.engine.close)
        stack.callback(house.live.close)
        house.outbox.start()
        stack.push_async_callback(house.outbox.close)
        await house.log.append(_said("start"))
        await house.anchors.look(now=True)
        await house.roster.note(house.directory.members())
        await house.links.refresh()
        scheduler = AsyncIOScheduler(timezone=UTC)
        # The jobs only look; what they do is one guarded transaction each, so a second replica
        # that looks at the same moment changes nothing.
        scheduler.add_job(
            house.desk.expire_due, "interval", seconds=EXPIRY_SECONDS, max_instances=1
        )
        if house.countersigner is not None:
            look = house.countersigner.look
            scheduler.add_job(look, "interval", seconds=ANCHORS_SECONDS, max_instances=1)
        scheduler.add_job(_forget, "interval", hours=1, args=[house])
        scheduler.add_job(_look, "interval", seconds=PEOPLE_SECONDS, args=[house])
        scheduler.add_job(house.anchors.look, "interval", seconds=ANCHORS_SECONDS, max_instances=1)
        scheduler.add_job(house.links.refresh, "interval", seconds=LINKS_SECONDS)
        scheduler.start()
        stack.callback(scheduler.shutdown, wait=False)
        yield house


def _said(what: str) -> Draft:
    return Draft(kind=Kind.SYSTEM, verb=what, correlation=f"{what}-{os.getpid()}", text=what)


async def _look(house: House) -> None:
    await house.directory.look()
    try:
        await house.roster.note(house.directory.members())
    except AuditUnavailable:
        LOG.warning("a change of the people file is recorded once the audit log can be written")


async def _forget(house: House) -> None:
    before = house.clock.now() - DELIVERIES_KEPT
    try:
        await house.log.append(_said("forget deliveries"), house.stores.deliveries.forget(before))
    except AuditUnavailable:
        LOG.warning("old deliveries are kept until the audit log can be written")


def _replica() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
