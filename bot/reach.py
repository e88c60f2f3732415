"""Allow-listed scripts, wired as one part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from bot.api import Scripts
from bot.control import Control
from bot.deploys.gates.freezing import Freezing
from bot.deploys.gates.halted import Halted
from bot.deploys.gates.locking import Locking
from bot.dispatch.authorise import Policies
from bot.dispatch.parse import Parsed
from bot.notices import TopicNotices
from bot.ports import Catalogue, ChangeTickets, Clock, Ledger
from bot.scripts.desk import ScriptDesk
from bot.scripts.flow import WORKFLOW, ScriptFlow
from bot.scripts.passing import Passing
from bot.scripts.reaching import reaching
from bot.scripts.shelf import Shelf, load
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.locks import SqlLocks
from bot.storage.scripts import SqlScriptRuns
from bot.stores import DeployStore
from bot.workflow.engine import DurableEngine

VERBS = ("script run", "script ask")


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What people ask about scripts, and what they do with them."""

    shelf: Shelf
    runs: SqlScriptRuns
    desk: ScriptDesk

    @classmethod
    def made(
        cls,
        settings: Settings,
        policies: Policies,
        estate: Catalogue,
        database: Database,
        kept: tuple[Control, DeployStore, ChangeTickets],
        *,
        engine: DurableEngine,
        told: tuple[Ledger, TopicNotices, Clock],
    ) -> Self:
        """Read the site's scripts and wire what runs them; nothing is started."""
        ledger, notices, clock = told
        shelf = of(settings, policies, estate)
        runs, reacher = SqlScriptRuns(database), reaching(shelf.scripts.values())
        passing = Passing(estate, _gates(SqlLocks(database), *kept, clock))
        flow = ScriptFlow(
            shelf=shelf,
            runs=runs,
            reacher=reacher,
            passing=passing,
            ledger=ledger,
            notices=notices,
            clock=clock,
        )
        engine.register(WORKFLOW, flow)
        desk = ScriptDesk(
            shelf=shelf,
            runs=runs,
            reacher=reacher,
            passing=passing,
            catalogue=estate,
            engine=engine,
            notices=notices,
            clock=clock,
            holds=policies.holds,
        )
        return cls(shelf=shelf, runs=runs, desk=desk)

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for."""
        return {Scripts: self.desk}


def of(settings: Settings, policies: Policies, estate: Catalogue | None) -> Shelf:
    """Return the scripts that the settings name, none where they name no file."""
    if settings.scripts is None:
        return Shelf()
    strict = not settings.is_sandbox
    return load(settings.scripts, strict=strict, catalogue=estate, roles=policies.roles)


def barred(shelf: Shelf, parsed: Parsed) -> str:
    """Return why a step of a runbook may not be that command, "" where it may."""
    if parsed.command.name not in VERBS:
        return ""
    return shelf.barred(parsed.values["name"], reads=parsed.command.name == "script ask")


def _gates(
    locks: SqlLocks, control: Control, deploys: DeployStore, changes: ChangeTickets, clock: Clock
) -> tuple[Halted, Freezing, Locking]:
    emergency = control.emergency
    return (
        Halted(emergency.halts),
        Freezing(control.freezes, changes, clock, emergency.glass),
        Locking(locks, clock, deploys),
    )
