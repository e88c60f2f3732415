"""The composition root: the only module that imports everything, wired by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

import commands
from bot import catalogue, directory, registry
from bot.adapters import web
from bot.api import (
    AccessReviews,
    Approvals,
    Deployments,
    Disclosures,
    Evidence,
    Linking,
    Manual,
    PolicyExplainer,
    PolicyFiles,
    Steering,
)
from bot.audit.usage import UsageReader
from bot.control import Around, Control
from bot.deploys.desk import DeployDesk
from bot.deploys.flow import WORKFLOW, DeployFlow, Outer
from bot.deploys.leases import Leases
from bot.deploys.patience import Patience
from bot.deploys.schedule import Schedule
from bot.deploys.steering import SteeringDesk
from bot.deploys.urgent import Urgent
from bot.deploys.validating import Validating
from bot.dispatch.approve import CARRY_OUT, ApprovalDesk
from bot.dispatch.authorise import Policies
from bot.dispatch.carry_out import CarryOut
from bot.dispatch.disclose import Discloser
from bot.dispatch.execute import Executor
from bot.dispatch.explaining import Explainer
from bot.dispatch.foreign import guarded
from bot.dispatch.outbound import masked
from bot.dispatch.parse import Parser
from bot.dispatch.pipeline import Pipeline
from bot.dispatch.recording import Recorder
from bot.dispatch.reloading import PolicyKeeper
from bot.dispatch.signed import SigningDesk
from bot.dispatch.still_allowed import StillAllowed
from bot.dispatch.strictness import Strictnesses
from bot.errors import AuditUnavailable, ConfigurationError
from bot.evidence.desk import EvidenceDesk, EvidenceMaker
from bot.links import LinkDesk
from bot.manual import CommandManual
from bot.model import Risk
from bot.notices import TopicNotices
from bot.outbox import Outbox
from bot.ports import (
    Catalogue,
    ChangeTickets,
    Ci,
    Clock,
    Directory,
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
from bot.storage.locks import SqlLocks
from bot.storage.references import SqlReferences
from bot.storage.requests import SqlRequests
from bot.storage.searches import SqlSavedSearches
from bot.storage.signings import SqlSignings
from bot.storage.tasks import SqlTasks
from bot.storage.topics import SqlTopics
from bot.stores import DeployStore, Letters, SavedSearches, Tasks
from bot.trail import Trail, said
from bot.workflow.engine import POLL_SECONDS, DurableEngine

LOG = structlog.get_logger(__name__)
EXPIRY_SECONDS = 5
LEASES_SECONDS = 10
SCHEDULE_SECONDS = 3
LINKS_SECONDS = 10
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

    def guarded(self) -> Outside:
        """Return the same with the guard before whatever answers from there."""
        return replace(self, ci=guarded(self.ci), prober=guarded(self.prober))

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
class House:
    """Everything that runs, once it has been wired."""

    database: Database
    stores: Stores
    trail: Trail
    control: Control
    evidence: EvidenceDesk
    leases: Leases
    schedule: Schedule
    engine: DurableEngine
    road: Pipeline
    desk: ApprovalDesk
    notices: TopicNotices
    outbox: Outbox
    directory: directory.LiveDirectory
    links: LinkDesk
    manual: CommandManual
    live: web.Live
    clock: Clock
    commands: registry.Registry


def build(settings: Settings, outside: Outside) -> House:
    """Wire everything; nothing is started and nothing is asked for over the network."""
    outside = outside.guarded()
    database, clock, ci = _database(settings), outside.clock, outside.ci
    stores, estate = _stores(database, clock), _estate(settings)
    known = registry.discover(commands)
    policies = Policies(known.commands, settings.policies)
    people = directory.LiveDirectory(
        settings.people, sandbox=settings.is_sandbox, roles=lambda: policies.roles
    )
    links = LinkDesk(stores.links, people, policies.holds, clock)
    engine = DurableEngine(database, poll_seconds=outside.poll_seconds)
    notices, live, outbox = _notices(settings, stores, clock)
    trail = Trail.made(settings, database, stores.letters, notices, clock)
    log, audit = trail.log, trail.audit
    around = Around(
        database=database,
        tasks=stores.tasks,
        policies=policies,
        estate=estate,
        ledger=log,
        notices=notices,
        links=links,
        references=stores.references,
        people=people,
        prober=outside.prober,
        audit=audit,
    )
    control = Control.made(settings, stores.deploys, stores.changes, ci, clock, around=around)
    strictness = Strictnesses(settings.audit.strictness)
    strictness.check(known.commands)
    about = (stores.deliveries, policies, clock, notices, trail.records, strictness)
    recorder = Recorder(log, *about, control.emergency.glass)
    parser, manual = Parser(known, estate, people), CommandManual(known, policies, estate)
    gates, give_way = control.gates, control.validation.give_way
    outer = (ci, stores.changes, gates, engine, notices, clock)
    urgent = Urgent(control.emergency.glass, stores.tasks, control.working_days, clock)
    deploys = DeployDesk(
        stores.deploys, *outer, control.freezes, give_way, control.origins, urgent
    )
    journal, changes = control.validation.journal, stores.changes
    executor, rights = Executor(recorder), RightsTable(known.commands, policies, estate)
    decided = (stores.requests, policies, parser, people, executor, engine, log, notices, clock)
    kept = (stores.signings, stores.requests, people, log, clock)
    signing = SigningDesk(*kept, _signing_url(settings, policies))
    desk = ApprovalDesk(*decided, signing, control.emergency.channels.all)
    discloser = Discloser(trail.openings, policies)
    evidence = _evidence(settings, database, stores, trail, discloser)
    desks: dict[type, object] = {
        AccessReviews: ReviewDesk(people, links, rights, UsageReader(database), audit),
        Approvals: desk,
        Catalogue: estate,
        Deployments: deploys,
        Directory: people,
        Disclosures: discloser,
        Evidence: evidence,
        Linking: links,
        Manual: manual,
        PolicyExplainer: Explainer(policies, parser, people, executor, clock),
        PolicyFiles: PolicyKeeper(
            policies,
            people,
            control.oncall,
            (people.read, lambda _roles: control.oncall.read()),
            people.read_again,
            is_signing=settings.oidc is not None,
        ),
        Steering: SteeringDesk(journal, changes, stores.requests, policies.holds),
    }
    for part in (control, trail, outside, stores):
        desks |= part.provided()
    executor.wire(known, desks)
    carried = (stores.requests, parser, people, desk, executor, recorder, audit, notices)
    engine.register(CARRY_OUT, CarryOut(*carried))
    allowed = StillAllowed(stores.requests, parser, people, policies, desk)
    flow = _flow(stores, outside, control, allowed)
    engine.register(WORKFLOW, flow)
    return House(
        database=database,
        stores=stores,
        trail=trail,
        control=control,
        evidence=evidence,
        leases=Leases(SqlLocks(database), flow.closing, ci, engine),
        schedule=Schedule(journal, changes, engine),
        engine=engine,
        road=Pipeline(parser, people, policies, executor, desk, recorder, stores.deliveries),
        desk=desk,
        notices=notices,
        outbox=outbox,
        directory=people,
        links=links,
        manual=manual,
        live=live,
        clock=clock,
        commands=known,
    )


def _flow(stores: Stores, outside: Outside, control: Control, allowed: StillAllowed) -> DeployFlow:
    outer = Outer(
        ci=outside.ci,
        changes=stores.changes,
        prober=outside.prober,
        gates=control.gates,
        allowed=allowed,
        halts=control.emergency.halts,
    )
    afterwards = (("validate", Validating(control.validation)),)
    journal = control.validation.journal
    return DeployFlow.made(journal, outer, outside.patience, afterwards=afterwards)


def _evidence(
    settings: Settings, database: Database, stores: Stores, trail: Trail, shown: Disclosures
) -> EvidenceDesk:
    vault = trail.openings.vault
    maker = EvidenceMaker(trail.audit, stores.changes, database, vault, trail.clock)
    return EvidenceDesk(maker, shown, settings.server.address)


def _signing_url(settings: Settings, policies: Policies) -> str:
    """Return where people sign, "" where nobody can; refuse to start where policy wants it."""
    if settings.oidc is not None:
        return settings.server.address
    if policies.wants_signatures:
        raise ConfigurationError(
            "policies: a rule asks for signed approvals, and the settings have no `oidc` block "
            "to sign in with; docs/signed-approvals.md says how to set it up"
        )
    return ""


def _estate(settings: Settings) -> catalogue.Estate:
    estate = catalogue.load(settings.services, descriptors=settings.backstage)
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
        searches=SqlSavedSearches(database),
        signings=SqlSignings(database),
        tasks=SqlTasks(database, clock),
    )


@asynccontextmanager
async def running(house: House) -> AsyncIterator[House]:
    """Open the store, the log and the engine; close them in the other order."""
    async with AsyncExitStack() as stack:
        stack.callback(house.database.close)
        await asyncio.to_thread(house.database.upgrade)
        await house.trail.start(stack)
        await house.engine.launch()
        stack.push_async_callback(house.engine.close)
        stack.callback(house.live.close)
        house.outbox.start()
        stack.push_async_callback(house.outbox.close)
        scheduler = AsyncIOScheduler(timezone=UTC)
        reads = frozenset(c.name for c in house.commands.commands if c.risk is Risk.READ)
        await house.trail.watch(house.directory, scheduler, reads)
        await house.links.refresh()
        await house.control.watch(scheduler)
        # The jobs only look; what they do is one guarded transaction each, so a second replica
        # that looks at the same moment changes nothing.
        scheduler.add_job(
            house.desk.expire_due, "interval", seconds=EXPIRY_SECONDS, max_instances=1
        )
        scheduler.add_job(
            house.schedule.look, "interval", seconds=SCHEDULE_SECONDS, max_instances=1
        )
        scheduler.add_job(house.leases.look, "interval", seconds=LEASES_SECONDS, max_instances=1)
        scheduler.add_job(_forget, "interval", hours=1, args=[house])
        scheduler.add_job(house.links.refresh, "interval", seconds=LINKS_SECONDS)
        scheduler.start()
        stack.callback(scheduler.shutdown, wait=False)
        yield house


async def _forget(house: House) -> None:
    before = house.clock.now() - DELIVERIES_KEPT
    try:
        forget = house.stores.deliveries.forget(before)
        await house.trail.log.append(said("forget deliveries"), forget)
    except AuditUnavailable:
        LOG.warning("old deliveries are kept until the audit log can be written")
