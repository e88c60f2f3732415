"""What every desk stands on: the stores, the log, the people, and what is outside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

from bot import catalogue, directory, documents, registry
from bot.adapters import web
from bot.ci_servers import untold
from bot.control import Around, Control
from bot.deploys.patience import Patience
from bot.dispatch.authorise import Policies
from bot.dispatch.foreign import guarded
from bot.dispatch.outbound import masked
from bot.engines import Engines, undeclared
from bot.links import LinkDesk
from bot.login_settings import logins
from bot.news import BuildNews
from bot.notices import TopicNotices
from bot.outbox import Outbox
from bot.ports import (
    Catalogue,
    ChangeTickets,
    Ci,
    Clock,
    Messenger,
    Prober,
    SecurityAlerts,
    TicketSystem,
)
from bot.probing.remembering import Remembering
from bot.settings import Settings
from bot.storage.changes import ChangeRegister
from bot.storage.database import Database
from bot.storage.deliveries import SqlDeliveries
from bot.storage.deploys import SqlDeploys
from bot.storage.letters import SqlLetters
from bot.storage.links import SqlLinks
from bot.storage.references import SqlReferences
from bot.storage.requests import SqlRequests
from bot.storage.samples import SqlSamples
from bot.storage.searches import SqlSavedSearches
from bot.storage.signings import SqlSignings
from bot.storage.tasks import SqlTasks
from bot.storage.tickets import SqlTickets
from bot.storage.topics import SqlTopics
from bot.stores import DeployStore, Letters, SavedSearches, Tasks
from bot.trail import Trail
from bot.workflow.engine import POLL_SECONDS, DurableEngine

LOG = structlog.get_logger(__name__)


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
    news: BuildNews = field(default_factory=BuildNews)
    tickets: TicketSystem | None = None
    alerts: SecurityAlerts | None = None
    engines: Engines = field(default_factory=Engines)

    def guarded(self) -> Outside:
        """Return the same with the guard before whatever answers from there."""
        return replace(
            self,
            ci=guarded(self.ci),
            prober=guarded(self.prober),
            tickets=guarded(self.tickets) if self.tickets else None,
            alerts=guarded(self.alerts) if self.alerts else None,
            engines=self.engines.through(guarded),
        )

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
    searches: SqlSavedSearches
    signings: SqlSignings
    tasks: SqlTasks
    tickets: SqlTickets

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {
            ChangeTickets: self.changes,
            DeployStore: self.deploys,
            Letters: self.letters,
            SavedSearches: self.searches,
            Tasks: self.tasks,
        }


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What every desk stands on."""

    settings: Settings
    outside: Outside
    database: Database
    stores: Stores
    estate: Catalogue
    known: registry.Registry
    policies: Policies
    people: directory.LiveDirectory
    links: LinkDesk
    engine: DurableEngine
    notices: TopicNotices
    live: web.Live
    outbox: Outbox
    trail: Trail
    control: Control

    @property
    def clock(self) -> Clock:
        """Return the time."""
        return self.outside.clock


def lay(settings: Settings, outside: Outside, known: registry.Registry) -> Ground:
    """Make all of it; nothing is started."""
    database, clock = _database(settings), outside.clock
    remembering = Remembering(outside.prober, SqlSamples(database), clock)
    outside = replace(outside, prober=remembering)
    policies = Policies(known.commands, settings.policies)
    stores, estate = _stores(database, outside), _estate(settings, policies.roles, outside)
    sandbox = settings.is_sandbox
    people = directory.LiveDirectory(settings.people, sandbox=sandbox, roles=lambda: policies.roles)
    links = LinkDesk(stores.links, people, policies.holds, clock)
    notices, live, outbox = _notices(settings, stores, clock)
    trail = Trail.made(settings, database, stores.letters, notices, clock)
    around = Around(
        database=database,
        tasks=stores.tasks,
        policies=policies,
        estate=estate,
        ledger=trail.log,
        notices=notices,
        links=links,
        references=stores.references,
        people=people,
        prober=outside.prober,
        alerts=outside.alerts,
        audit=trail.audit,
        tickets=stores.tickets,
        ticket_system=outside.tickets,
        engines=outside.engines,
    )
    kept = (stores.deploys, stores.changes, outside.ci, clock)
    return Ground(
        settings=settings,
        outside=outside,
        database=database,
        stores=stores,
        estate=estate,
        known=known,
        policies=policies,
        people=people,
        links=links,
        engine=DurableEngine(database, poll_seconds=outside.poll_seconds),
        notices=notices,
        live=live,
        outbox=outbox,
        trail=trail,
        control=Control.made(settings, *kept, around=around),
    )


def _estate(settings: Settings, roles: Collection[str], outside: Outside) -> catalogue.Estate:
    estate = catalogue.load(
        settings.services,
        descriptors=settings.backstage,
        roles=roles,
        logins=logins(settings.logins),
    )
    services = estate.services()
    if wrong := [*untold(services, outside.alerts), *undeclared(services, outside.engines)]:
        raise documents.refuse(settings.services, wrong)
    for note in estate.notes:
        LOG.warning("backstage refers to what is not described", note=note)
    return estate


def _database(settings: Settings) -> Database:
    return Database.open(settings.database.get_secret_value())


def _notices(
    settings: Settings, stores: Stores, clock: Clock
) -> tuple[TopicNotices, web.Live, Outbox]:
    """Return the messages by topic, and how they come to the console and to the chats."""
    live, outbox = web.Live(clock), Outbox(stores.letters, {}, clock, settings.elsewhere)
    console: dict[str, Messenger] = {live.platform: live}
    kept = stores.topics, stores.letters, clock
    notices = TopicNotices(*kept, masked, console, outbox.messengers, outbox.nudge)
    return notices, live, outbox


def _stores(database: Database, outside: Outside) -> Stores:
    clock, system = outside.clock, outside.tickets
    tickets = SqlTickets(database, clock, system.name if system else "")
    return Stores(
        requests=SqlRequests(database),
        deploys=SqlDeploys(database),
        changes=ChangeRegister(database, clock, tickets if system else None),
        topics=SqlTopics(database),
        letters=SqlLetters(database),
        references=SqlReferences(database),
        deliveries=SqlDeliveries(database),
        links=SqlLinks(database),
        searches=SqlSavedSearches(database),
        signings=SqlSignings(database),
        tasks=SqlTasks(database, clock),
        tickets=tickets,
    )
