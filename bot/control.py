"""What stands between a deploy that is asked for and its trigger, wired as one part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.api import EngineDesk, FreezeDesk, GoesOut, Linking, Locksmith, Validating, Whereabouts
from bot.calendars.desk import ChatFreezes
from bot.calendars.feeds import FeedKeeper
from bot.calendars.live import LiveFreezes
from bot.calendars.owners import OwnChats
from bot.changes.part import ChangeControl, Stored
from bot.deploys.duties import PolicyDuties
from bot.deploys.gates import Gate
from bot.deploys.gates.blackouts import Blackouts, Strict
from bot.deploys.gates.change import OpenChange
from bot.deploys.gates.freezing import Freezing
from bot.deploys.gates.going_out import GoingOut
from bot.deploys.gates.green import Green
from bot.deploys.gates.halted import Halted
from bot.deploys.gates.locking import Locking
from bot.deploys.gates.order import Order
from bot.deploys.gates.overlapping import Overlapping
from bot.deploys.gates.prechecks import PreChecks
from bot.deploys.gates.soak import Soak
from bot.deploys.gates.witness import Witness
from bot.deploys.journal import Journal
from bot.deploys.locks import LockDesk
from bot.deploys.origins import Origins
from bot.deploys.validation import ValidationDesk
from bot.deploys.whereabouts import VersionMap
from bot.dispatch.authorise import Policies, Sight
from bot.emergency.channels import Channels, place_of
from bot.emergency.part import Emergency, Kept
from bot.emergency.working_days import WeekDays
from bot.engines import ChannelDesk, Engines
from bot.oncall.escalation import Escalation
from bot.oncall.live import LiveOnCall
from bot.oncall.local import WallClock
from bot.ports import (
    AuditReader,
    Catalogue,
    ChangeTickets,
    Ci,
    Clock,
    Directory,
    Freezes,
    Ledger,
    Notices,
    Prober,
    SecurityAlerts,
    TicketSystem,
)
from bot.ports.control import Duties, OnCall, WorkingDays
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.deliveries import SqlDeliveries
from bot.storage.freezes import SqlFeedCopies, SqlFreezes
from bot.storage.grants import SqlGrants
from bot.storage.halts import SqlHalts
from bot.storage.locks import SqlLocks
from bot.storage.requests import SqlRequests
from bot.storage.validations import SqlValidations
from bot.stores import DeployStore, References, Tasks, TicketReader

LOCK_SECONDS = 10
CHANNELS_SECONDS = 60
VALIDATION_SECONDS = 10
CALENDAR_SECONDS = 10
ONCALL_SECONDS = 5
ESCALATION_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Around:
    """What is there already when control is made; each part takes what it needs."""

    database: Database
    tasks: Tasks
    policies: Policies
    estate: Catalogue
    ledger: Ledger
    notices: Notices
    links: Linking
    references: References
    people: Directory
    prober: Prober
    alerts: SecurityAlerts | None
    audit: AuditReader
    tickets: TicketReader
    ticket_system: TicketSystem | None
    engines: Engines


@dataclass(frozen=True, kw_only=True)
class Control:
    """The gates of a deploy, and what they and the policies ask."""

    gates: Sequence[Gate]
    freezes: LiveFreezes
    chat_freezes: ChatFreezes
    emergency: Emergency
    changing: ChangeControl
    locks: LockDesk
    versions: VersionMap
    validation: ValidationDesk
    working_days: WorkingDays
    oncall: LiveOnCall
    escalation: Escalation
    origins: Origins
    channels: ChannelDesk

    @classmethod
    def made(
        cls,
        settings: Settings,
        deploys: DeployStore,
        changes: ChangeTickets,
        ci: Ci,
        clock: Clock,
        *,
        around: Around,
    ) -> Self:
        """Wire what the settings ask for; nothing is started."""
        calendar, held = _calendar(settings, clock, around), SqlLocks(around.database)
        days = WeekDays(calendar.plan.zones.default, calendar.is_holiday)
        emergency = _emergency(settings, deploys, clock, around, days)
        oncall = LiveOnCall(settings.oncall, around.people)
        origins = Origins(ci, around.people, changes, deploys)
        duties = PolicyDuties(around.policies, SqlRequests(around.database), origins, around.estate)
        wall = WallClock(lambda: calendar.plan.zones, calendar.is_holiday)
        around.policies.see(Sight(clock, wall, oncall, emergency.glass))
        changing = _changing(settings, (deploys, changes), clock, around, (calendar, days))
        freezing = Freezing(calendar, changes, clock, emergency.glass)
        halted, locking = Halted(emergency.halts), Locking(held, clock, deploys)
        common = (halted, freezing, locking)
        gates: tuple[Gate, ...] = (
            halted,
            GoingOut(origins, SqlRequests(around.database)),
            freezing,
            locking,
            Order(deploys),
            Soak(deploys, clock),
            Green(ci),
            OpenChange(changes, clock, changing.templates, calendar),
            Overlapping(changing.overlaps, changes, clock, emergency.glass),
            _blackouts(settings, changes, clock, around, emergency),
            PreChecks(around.prober, around.ledger, clock, around.alerts),
        )
        gates += (Witness(calendar, held, ci, changes, around.ledger, clock, gates),)
        locks = _locks(held, clock, around)
        return cls(
            gates=gates,
            freezes=calendar,
            chat_freezes=ChatFreezes(
                calendar, around.policies.holds, locks.own_chats, around.notices, clock
            ),
            emergency=emergency,
            changing=changing,
            locks=locks,
            versions=VersionMap(deploys, held, calendar, around.prober, clock),
            validation=_validation(deploys, changes, oncall, clock, around, duties=duties),
            working_days=days,
            oncall=oncall,
            escalation=_escalation(oncall, clock, around),
            origins=origins,
            channels=ChannelDesk(around.engines, around.estate, common, clock),
        )

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {
            EngineDesk: self.channels,
            FreezeDesk: self.chat_freezes,
            Freezes: self.freezes,
            GoesOut: self.origins,
            Locksmith: self.locks,
            OnCall: self.oncall,
            Validating: self.validation,
            Whereabouts: self.versions,
            WorkingDays: self.working_days,
            **self.emergency.provided(),
            **self.changing.provided(),
        }

    async def watch(self, scheduler: AsyncIOScheduler) -> None:
        """Go on looking at what changes by itself."""
        await self.freezes.start()
        scheduler.add_job(
            self.freezes.look,
            "interval",
            seconds=CALENDAR_SECONDS,
            max_instances=1,
            next_run_time=datetime.now(UTC),
        )
        await self.emergency.watch(scheduler)
        lapse = self.validation.look
        scheduler.add_job(lapse, "interval", seconds=VALIDATION_SECONDS, max_instances=1)
        scheduler.add_job(self.locks.look, "interval", seconds=LOCK_SECONDS, max_instances=1)
        scheduler.add_job(self.oncall.look, "interval", seconds=ONCALL_SECONDS, max_instances=1)
        tell = self.escalation.look
        scheduler.add_job(tell, "interval", seconds=ESCALATION_SECONDS, max_instances=1)
        moving = self.channels.look
        scheduler.add_job(moving, "interval", seconds=CHANNELS_SECONDS, max_instances=1)


def _locks(held: SqlLocks, clock: Clock, around: Around) -> LockDesk:
    return LockDesk(
        locks=held,
        own_chats=OwnChats(around.links, around.references),
        holds=around.policies.holds,
        ledger=around.ledger,
        notices=around.notices,
        clock=clock,
    )


def _blackouts(
    settings: Settings, changes: ChangeTickets, clock: Clock, around: Around, emergency: Emergency
) -> Blackouts:
    wanted = settings.tickets
    return Blackouts(
        system=around.ticket_system,
        tickets=around.tickets,
        changes=changes,
        ledger=around.ledger,
        clock=clock,
        glass=emergency.glass,
        strict=Strict(
            outside=wanted.outside_maintenance == "refuse",
            unknown=wanted.calendars_unknown == "refuse",
        ),
    )


def _calendar(settings: Settings, clock: Clock, around: Around) -> LiveFreezes:
    keeper = FeedKeeper(SqlFeedCopies(around.database), around.ledger, clock)
    added = SqlFreezes(around.database)
    path = settings.calendars
    return LiveFreezes(path, around.estate, added, keeper, around.ledger, clock)


def _validation(
    deploys: DeployStore,
    changes: ChangeTickets,
    oncall: OnCall,
    clock: Clock,
    around: Around,
    *,
    duties: Duties,
) -> ValidationDesk:
    about = (around.estate, around.ledger, around.audit, around.notices, clock)
    return ValidationDesk(
        journal=Journal(deploys, *about, around.tickets),
        validations=SqlValidations(around.database),
        changes=changes,
        people=around.people,
        holds=around.policies.holds,
        on_call=oncall,
        duties=duties,
        own_chats=OwnChats(around.links, around.references),
    )


def _escalation(oncall: LiveOnCall, clock: Clock, around: Around) -> Escalation:
    return Escalation(
        oncall=oncall,
        requests=SqlRequests(around.database),
        deliveries=SqlDeliveries(around.database),
        estate=around.estate,
        ledger=around.ledger,
        notices=around.notices,
        own_chats=OwnChats(around.links, around.references),
        clock=clock,
    )


def _changing(
    settings: Settings,
    stored: tuple[DeployStore, ChangeTickets],
    clock: Clock,
    around: Around,
    times: tuple[LiveFreezes, WorkingDays],
) -> ChangeControl:
    (deploys, changes), (freezes, days) = stored, times
    requests = SqlRequests(around.database)
    kept = Stored(
        changes=changes,
        deploys=deploys,
        requests=requests,
        tasks=around.tasks,
        tickets=around.tickets,
    )
    return ChangeControl.made(
        settings,
        kept,
        estate=around.estate,
        people=around.people,
        freezes=freezes,
        days=days,
        clock=clock,
    )


def _emergency(
    settings: Settings, deploys: DeployStore, clock: Clock, around: Around, days: WorkingDays
) -> Emergency:
    kept = Kept(
        grants=SqlGrants(around.database),
        halts=SqlHalts(around.database),
        tasks=around.tasks,
        deploys=deploys,
    )
    security = place_of(settings.channels.get("security", ""))
    return Emergency.made(
        kept,
        around.policies,
        around.people,
        Channels(around.estate, security),
        days,
        ledger=around.ledger,
        notices=around.notices,
        clock=clock,
        is_strict=not settings.is_sandbox,
    )
