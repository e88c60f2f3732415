"""The composition root: the only module that imports everything, wired by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

import commands
import integrations
from bot import builds, catalogue, directory, extensions, registry
from bot.adapters import web
from bot.api import (
    AccessReviews,
    Approvals,
    Builds,
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
from bot.control import Control
from bot.deploys.desk import DeployDesk
from bot.deploys.flow import WORKFLOW, DeployFlow, Outer
from bot.deploys.leases import Leases
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
from bot.dispatch.following import PolicyFollower
from bot.dispatch.parse import Parser
from bot.dispatch.pipeline import Pipeline
from bot.dispatch.recording import Recorder
from bot.dispatch.reloading import PolicyKeeper
from bot.dispatch.signed import SigningDesk
from bot.dispatch.still_allowed import StillAllowed
from bot.dispatch.strictness import Strictnesses
from bot.errors import AuditUnavailable, ConfigurationError
from bot.evidence.desk import EvidenceDesk, EvidenceMaker
from bot.ground import Ground, Outside, Stores, lay
from bot.links import LinkDesk
from bot.login_settings import logins
from bot.manual import CommandManual
from bot.model import Risk
from bot.news import BuildNews
from bot.notices import TopicNotices
from bot.outbox import Outbox
from bot.ports import (
    Catalogue,
    Clock,
    Directory,
)
from bot.procedures import Procedures
from bot.review.desk import ReviewDesk
from bot.review.rights import RightsTable
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.locks import SqlLocks
from bot.storage.reloads import SqlReloads
from bot.tickets.follower import Follower
from bot.tickets.hearing import Hearing
from bot.trail import Trail, said
from bot.watch import ProbeWatch
from bot.workflow.engine import DurableEngine

LOG = structlog.get_logger(__name__)
EXPIRY_SECONDS = 5
LEASES_SECONDS = 10
SCHEDULE_SECONDS = 5
STANDING_SECONDS = 5
LINKS_SECONDS = 10
DELIVERIES_KEPT = timedelta(days=2)


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
    following: PolicyFollower
    tickets: Follower | None
    manual: CommandManual
    live: web.Live
    news: BuildNews
    standing: builds.Standing
    clock: Clock
    commands: registry.Registry
    procedures: Procedures
    probes: ProbeWatch


def extend(settings: Settings) -> None:
    """Have a site's own commands and integrations found beside ours."""
    packages = (commands, integrations)
    extensions.use(settings.extensions, packages, strict=not settings.is_sandbox)


def build(settings: Settings, outside: Outside) -> House:
    """Wire everything; nothing is started and nothing is asked for over the network."""
    extend(settings)
    ground = lay(settings, outside.guarded(), registry.discover(commands))
    stores, policies, people = ground.stores, ground.policies, ground.people
    trail, control, engine = ground.trail, ground.control, ground.engine
    recorder, discloser = _recorder(ground), Discloser(trail.openings, policies)
    parser, executor = Parser(ground.known, ground.estate, people), Executor(recorder)
    manual = CommandManual(ground.known, policies, ground.estate)
    desk, files = _approvals(ground, parser, executor), _policy_files(ground)
    evidence = _evidence(settings, ground.database, stores, trail, discloser)
    desks = _desks(ground) | {
        Approvals: desk,
        Builds: builds.BuildDesk(engine, ground.notices),
        Disclosures: discloser,
        Evidence: evidence,
        Manual: manual,
        PolicyFiles: files,
        PolicyExplainer: Explainer(policies, parser, people, executor, ground.clock),
    }
    procedures, probes = Procedures.made(ground), ProbeWatch.made(ground)
    for part in (control, trail, ground.outside, stores, procedures, probes):
        desks |= part.provided()
    executor.wire(ground.known, desks)
    carried = (stores.requests, parser, people, desk, executor, recorder, trail.audit)
    engine.register(CARRY_OUT, CarryOut(*carried, ground.notices))
    allowed = StillAllowed(stores.requests, stores.changes, parser, people, policies, desk)
    flow = _flow(stores, ground.outside, control, allowed)
    engine.register(WORKFLOW, flow)
    _watched(ground)
    walked = (parser, people, policies, executor, desk, recorder, stores.deliveries)
    locks = SqlLocks(ground.database)
    house = House(
        database=ground.database,
        stores=stores,
        trail=trail,
        control=control,
        evidence=evidence,
        leases=Leases(locks, flow.closing, ground.outside.ci, engine, control.validation),
        schedule=Schedule(control.validation.journal, stores.changes, engine, locks),
        engine=engine,
        road=Pipeline(*walked, builds.AwaitedDesk(engine, ground.notices, manual.line)),
        standing=_standing(ground),
        desk=desk,
        notices=ground.notices,
        outbox=ground.outbox,
        directory=people,
        links=ground.links,
        following=PolicyFollower(files, files.reloads, trail.log),
        tickets=_tickets(ground),
        manual=manual,
        live=ground.live,
        news=ground.outside.news,
        clock=ground.clock,
        commands=ground.known,
        procedures=procedures,
        probes=probes,
    )
    procedures.join(house.road)
    return house


def _recorder(ground: Ground) -> Recorder:
    strictness, trail = Strictnesses(ground.settings.audit.strictness), ground.trail
    strictness.check(ground.known.commands)
    about = (ground.stores.deliveries, ground.policies, ground.clock, ground.notices)
    return Recorder(trail.log, *about, trail.records, strictness, ground.control.emergency.glass)


def _approvals(ground: Ground, parser: Parser, executor: Executor) -> ApprovalDesk:
    stores, log, clock = ground.stores, ground.trail.log, ground.clock
    decided = (stores.requests, ground.policies, parser, ground.people, executor)
    kept = (stores.signings, stores.requests, ground.people, log, clock)
    signing = SigningDesk(*kept, _signing_url(ground.settings, ground.policies))
    told = (ground.engine, log, ground.notices, clock, signing)
    return ApprovalDesk(*decided, *told, ground.control.emergency.channels.all)


def _desks(ground: Ground) -> dict[type, object]:
    """Return what commands may ask for, as far as it does not need the road."""
    stores, policies, people = ground.stores, ground.policies, ground.people
    control, trail = ground.control, ground.trail
    rights = RightsTable(ground.known.commands, policies, ground.estate)
    usage = UsageReader(ground.database)
    steered = control.validation.journal, stores.changes
    return {
        AccessReviews: ReviewDesk(people, ground.links, rights, usage, trail.audit),
        Catalogue: ground.estate,
        Deployments: _deployments(ground),
        Directory: people,
        Linking: ground.links,
        Steering: SteeringDesk(*steered, stores.requests, policies.holds),
    }


def _policy_files(ground: Ground) -> PolicyKeeper:
    people, oncall = ground.people, ground.control.oncall
    return PolicyKeeper(
        ground.policies,
        people,
        oncall,
        SqlReloads(ground.database),
        people.read,
        lambda known: oncall.read(known).rotas,
        (partial(_services, ground.settings),),
        people.read_again,
        is_signing=ground.settings.oidc is not None,
    )


def _services(settings: Settings, roles: Collection[str]) -> catalogue.Estate:
    return catalogue.load(
        settings.services,
        descriptors=settings.backstage,
        roles=roles,
        logins=logins(settings.logins),
    )


def _deployments(ground: Ground) -> DeployDesk:
    stores, control, clock = ground.stores, ground.control, ground.clock
    outer = (ground.outside.ci, stores.changes, control.gates, ground.engine, ground.notices, clock)
    urgent = Urgent(control.emergency.glass, stores.tasks, control.working_days, clock)
    asked = (control.freezes, control.validation.give_way, control.origins, urgent)
    return DeployDesk(stores.deploys, *outer, *asked)


def _flow(stores: Stores, outside: Outside, control: Control, allowed: StillAllowed) -> DeployFlow:
    outer = Outer(
        ci=outside.ci,
        changes=stores.changes,
        prober=outside.prober,
        gates=control.gates,
        allowed=allowed,
        halts=control.emergency.halts,
        news=outside.news,
    )
    afterwards = (("validate", Validating(control.validation)),)
    journal = control.validation.journal
    return DeployFlow.made(journal, outer, outside.patience, afterwards=afterwards)


def _watched(ground: Ground) -> None:
    """Have builds followed that somebody asked for, or has to wait for."""
    out, notices = ground.outside, ground.notices
    watch = builds.Watch(out.ci, notices, out.news, out.patience)
    ground.engine.register(builds.FOLLOWED, builds.BuildFlow(watch))
    ground.engine.register(builds.AWAITED, builds.AwaitedFlow(watch, notices))


def _standing(ground: Ground) -> builds.Standing:
    standing = builds.Standing(
        requests=ground.stores.requests,
        estate=ground.estate,
        ci=ground.outside.ci,
        ledger=ground.trail.log,
        notices=ground.notices,
        clock=ground.clock,
    )
    ground.outside.news.heard = standing.heard
    return standing


def _tickets(ground: Ground) -> Follower | None:
    """Return what has tickets follow our changes, None where there is no ticket system."""
    system, stores, outbox = ground.outside.tickets, ground.stores, ground.outbox
    if system is None:
        return None
    kept = stores.tickets, stores.changes
    hearing = Hearing(system.name, *kept, stores.deploys, ground.trail.log, ground.notices)
    follower = Follower(system, *kept, hearing, ground.clock)

    def nudge() -> None:
        outbox.nudge()
        follower.nudge()

    # What is told has been done: a change may be behind it.
    ground.notices.nudge = nudge
    return follower


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
        if house.tickets is not None:
            house.tickets.start()
            stack.push_async_callback(house.tickets.close)
        scheduler = AsyncIOScheduler(timezone=UTC)
        reads = frozenset(c.name for c in house.commands.commands if c.risk is Risk.READ)
        await house.trail.watch(house.directory, scheduler, reads)
        await _look_around(house)
        await house.control.watch(scheduler)
        house.procedures.watch(scheduler, house.road)
        house.probes.watch(scheduler, stack)
        # The jobs only look; what they do is one guarded transaction each, so a second replica
        # that looks at the same moment changes nothing.
        scheduler.add_job(
            house.desk.expire_due, "interval", seconds=EXPIRY_SECONDS, max_instances=1
        )
        scheduler.add_job(
            house.schedule.look, "interval", seconds=SCHEDULE_SECONDS, max_instances=1
        )
        scheduler.add_job(
            house.standing.look, "interval", seconds=STANDING_SECONDS, max_instances=1
        )
        scheduler.add_job(house.leases.look, "interval", seconds=LEASES_SECONDS, max_instances=1)
        scheduler.add_job(_forget, "interval", hours=1, args=[house])
        scheduler.add_job(_look_around, "interval", seconds=LINKS_SECONDS, args=[house])
        _together(scheduler)
        scheduler.start()
        stack.callback(scheduler.shutdown, wait=False)
        yield house


def _together(scheduler: AsyncIOScheduler) -> None:
    """Have all that looks every few seconds look at the same moments: it wakes once."""
    now = datetime.now(UTC)
    for job in scheduler.get_jobs():
        if isinstance(job.trigger, IntervalTrigger):
            job.trigger.start_date = now + job.trigger.interval


async def _look_around(house: House) -> None:
    """Take what was changed on another replica."""
    await house.links.refresh()
    await house.following.look()


async def _forget(house: House) -> None:
    before = house.clock.now() - DELIVERIES_KEPT
    try:
        forget = house.stores.deliveries.forget(before)
        await house.trail.log.append(said("forget deliveries"), forget)
    except AuditUnavailable:
        LOG.warning("old deliveries are kept until the audit log can be written")
