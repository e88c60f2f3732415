"""Runbooks and the runs of them, wired as one part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.api import RunbookRuns, Runbooks
from bot.dispatch.authorise import Policies
from bot.notices import TopicNotices
from bot.ports import Catalogue, Clock, Ledger, Road
from bot.registry import Registry
from bot.runbooks.desk import RunbookDesk
from bot.runbooks.flow import WORKFLOW, RunFlow
from bot.runbooks.lint import Linter
from bot.runbooks.overdue import Overdue
from bot.runbooks.running import RunDesk
from bot.runbooks.shelf import SHIPPED, Shelf
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.runs import SqlRuns
from bot.workflow.engine import DurableEngine

LOOK_SECONDS = 5


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
    late: Overdue

    @classmethod
    def made(
        cls,
        settings: Settings,
        known: Registry,
        policies: Policies,
        estate: Catalogue,
        database: Database,
        *,
        engine: DurableEngine,
        ledger: Ledger,
        notices: TopicNotices,
        clock: Clock,
    ) -> Self:
        """Wire what needs no road; nothing is read and nothing is started."""
        shelf = Shelf((SHIPPED, *settings.runbooks))
        books = RunbookDesk(shelf, Linter(known, policies.roles), clock)
        runs = SqlRuns(database)
        late = Overdue(runs, ledger, notices, clock)
        return cls(
            known=known,
            ledger=ledger,
            notices=notices,
            clock=clock,
            engine=engine,
            runs=runs,
            books=books,
            desk=RunDesk(books, runs, engine, notices, estate, clock, policies.holds),
            late=late,
        )

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {Runbooks: self.books, RunbookRuns: self.desk}

    def join(self, road: Road) -> None:
        """Have runs type their commands down the road."""
        told = (self.ledger, self.notices, self.clock)
        self.engine.register(WORKFLOW, RunFlow(self.runs, road, self.known, *told))

    def watch(self, scheduler: AsyncIOScheduler) -> None:
        """Look for decisions that are late."""
        scheduler.add_job(self.late.look, "interval", seconds=LOOK_SECONDS, max_instances=1)
