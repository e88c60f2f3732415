"""Runbooks, the runs of them, and the scripts that they may use, wired as one part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.api import RunbookActs, RunbookRuns, Runbooks, RunbookSchedules
from bot.dispatch.parse import Parser
from bot.ground import Ground
from bot.notices import TopicNotices
from bot.ports import Clock, Ledger, Road
from bot.reach import Reach, barred
from bot.registry import Registry
from bot.runbooks.acting import Outcomes, Targets, Typing
from bot.runbooks.answering import ActDesk
from bot.runbooks.awaiting import Awaiting
from bot.runbooks.desk import RunbookDesk
from bot.runbooks.drilling import Drilling
from bot.runbooks.flow import WORKFLOW, RunFlow
from bot.runbooks.lint import Linter
from bot.runbooks.nightly import NightlyPages
from bot.runbooks.overdue import Overdue
from bot.runbooks.running import RunDesk
from bot.runbooks.shelf import SHIPPED, Shelf
from bot.runbooks.timetable import Starter, Timetable
from bot.storage.runs import SqlRuns
from bot.storage.schedules import SqlSchedules
from bot.stores import Deliveries
from bot.workflow.engine import DurableEngine

LOOK_SECONDS = 5
PAGES_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Procedures:
    """What people ask about runbooks, what they do with runs, and what goes on by itself."""

    known: Registry
    ledger: Ledger
    notices: TopicNotices
    clock: Clock
    engine: DurableEngine
    runs: SqlRuns
    books: RunbookDesk
    desk: RunDesk
    acts: ActDesk
    deliveries: Deliveries
    outcomes: Outcomes
    awaiting: Awaiting
    late: Overdue
    reach: Reach
    pages: NightlyPages | None
    timetable: Timetable
    starter: Starter

    @classmethod
    def made(cls, ground: Ground) -> Self:
        """Wire what needs no road; nothing is read and nothing is started."""
        settings, known, policies = ground.settings, ground.known, ground.policies
        ledger, notices, clock = ground.trail.log, ground.notices, ground.clock
        shelf = Shelf((SHIPPED, *settings.runbooks))
        reach = _reach(ground)
        lint = Linter(known, policies.roles, partial(barred, reach.shelf))
        books = RunbookDesk(shelf, lint, clock)
        runs = SqlRuns(ground.database)
        engine, estate, stores = ground.engine, ground.estate, ground.stores
        desk = RunDesk(books, runs, engine, notices, estate, clock, policies.holds)
        targets = Targets(Parser(known, estate, ground.people))
        outcomes = Outcomes(stores.requests, stores.deploys, ground.trail.audit)
        schedules, zone = SqlSchedules(ground.database), _zone(ground)
        told = (stores.deliveries, ledger, notices, clock)
        return cls(
            known=known,
            ledger=ledger,
            notices=notices,
            clock=clock,
            engine=engine,
            runs=runs,
            books=books,
            desk=desk,
            acts=ActDesk(desk, known, targets, policies.holds, clock),
            deliveries=stores.deliveries,
            outcomes=outcomes,
            awaiting=Awaiting(runs, outcomes, engine, ledger, clock),
            late=Overdue(runs, engine, ledger, notices, clock),
            reach=reach,
            pages=_pages(ground, shelf),
            timetable=Timetable(desk, schedules, clock, zone),
            starter=Starter(schedules, *told, zone),
        )

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        own: Mapping[type, object] = {
            Runbooks: self.books,
            RunbookRuns: self.desk,
            RunbookActs: self.acts,
            RunbookSchedules: self.timetable,
        }
        return {**own, **self.reach.provided()}

    def join(self, road: Road) -> None:
        """Have runs type their commands down the road."""
        told = (self.ledger, self.notices, self.clock)
        typing = Typing(road, self.deliveries, self.outcomes, self.clock)
        acting = Drilling(typing, road, self.clock)
        self.engine.register(WORKFLOW, RunFlow(self.runs, road, acting, self.known, *told))

    def watch(self, scheduler: AsyncIOScheduler, road: Road) -> None:
        """Look for what is late, what has ended, what is to begin, and whether it is night."""
        scheduler.add_job(self.late.look, "interval", seconds=LOOK_SECONDS, max_instances=1)
        scheduler.add_job(self.awaiting.look, "interval", seconds=LOOK_SECONDS, max_instances=1)
        begin = self.starter.look
        scheduler.add_job(begin, "interval", seconds=LOOK_SECONDS, max_instances=1, args=[road])
        if self.pages is not None:
            look = self.pages.look
            scheduler.add_job(look, "interval", seconds=PAGES_SECONDS, max_instances=1)


def _reach(ground: Ground) -> Reach:
    where = (ground.settings, ground.policies, ground.estate, ground.database)
    kept = (ground.control, ground.stores.deploys, ground.stores.changes)
    told = (ground.trail.log, ground.notices, ground.clock)
    return Reach.made(*where, kept, engine=ground.engine, told=told)


def _zone(ground: Ground) -> Callable[[], ZoneInfo]:
    # Asked each time: the calendars file, which says it, is read again when it changes.
    return lambda: ground.control.freezes.plan.zones.default


def _pages(ground: Ground, shelf: Shelf) -> NightlyPages | None:
    asked = ground.settings.runbooks_export
    if asked is None:
        return None
    return NightlyPages(
        shelf=shelf,
        folder=asked.folder,
        hour=asked.at,
        zone=_zone(ground),
        deliveries=ground.stores.deliveries,
        ledger=ground.trail.log,
        clock=ground.clock,
    )
