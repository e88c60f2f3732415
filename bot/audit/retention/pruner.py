"""Prunes: archives what is old enough, says so in the log, then takes the content out of it.

In this order, so that a process that is killed leaves at worst an archive that no event names, or
content that an event says is gone; whoever prunes next goes on with that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from bot import ids
from bot.audit.keys import KeyStore
from bot.audit.pruned import Pruned
from bot.audit.retention.archive import (
    Archive,
    drop_archive,
    finish,
    new_folder,
    write_events,
)
from bot.audit.retention.holds import read_holds
from bot.audit.retention.plan import MOST, Plan, make_plan
from bot.audit.verify import Run, written_runs
from bot.audit.whole import pinned
from bot.errors import BadInput, Conflict
from bot.model import Account, Draft, Kind
from bot.ports import Clock, Effect, Ledger, Transaction
from bot.retention_settings import Retention
from bot.storage.database import Database, sql

VERB: Final = "audit prune"
AT_ONCE: Final = 500
"""Rows that are emptied in one transaction: others wait for it."""

_ROUNDS: Final = 200  # archives that are written in one go
_LOOKED_AT: Final = 4  # prunings in which something may have been left
_EMPTY: Final = text(
    "UPDATE audit SET body = '{}' WHERE seq >= :first AND seq <= :last AND body <> '{}'"
)
_FORGET: Final = text("DELETE FROM audit_opening WHERE seq >= :first AND seq <= :last")
_FULL: Final = text(
    "SELECT 1 FROM audit WHERE seq >= :first AND seq <= :last AND body <> '{}' LIMIT 1"
)


@dataclass(frozen=True)
class Outcome:
    """What pruning came to: how many events, in which archives, and how many are held."""

    count: int
    archives: Sequence[Archive]
    held: int
    through: int


@dataclass(frozen=True)
class Pruner:
    """Prunes one log by one set of rules; `account` is who asks for it, None for the clock."""

    database: Database
    ledger: Ledger
    keys: KeyStore
    retention: Retention
    clock: Clock
    account: Account | None = None
    most: int = MOST
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def plan(self, before: datetime | None = None) -> Plan:
        """Return what would be pruned now, as far as one archive goes; BadInput, Conflict."""
        now = self.clock.now()
        self._refuse_younger(before, now)
        return await self.database.read(
            lambda c: make_plan(c, self.retention, now, before=before, most=self.most)
        )

    async def prune(self, before: datetime | None = None) -> Outcome:
        """Prune what is old enough, `before` a moment where one is given.

        BadInput where the rules keep it longer or there is no folder for archives; Conflict where
        an event of it is damaged; OSError where the archive cannot be written.
        """
        async with self._busy:
            await self._go_on()
            archives: list[Archive] = []
            count, plan = 0, await self.plan(before)
            while plan.runs and len(archives) < _ROUNDS:
                archives.append(await self._round(plan))
                count += plan.count
                plan = await self.plan(before)
            return Outcome(count, archives, plan.held, plan.pruned.minimum)

    async def _round(self, plan: Plan) -> Archive:
        folder = self._folder()
        named = written_runs(plan.runs)
        correlation = ids.fresh(self.clock.now())
        # Before its end it is known that somebody makes a copy of the log.
        await self.ledger.append(
            self._draft(Kind.SYSTEM, "audit archive", correlation, {"events": named})
        )
        keys = pinned(self.keys)
        with new_folder(folder) as new:
            made = await self.database.read(lambda c: write_events(c, new, plan.runs))
            archive = await asyncio.to_thread(finish, made, plan.runs, keys)
        said = {
            "events": named,
            "through": str(plan.through),
            "archive": archive.name,
            "sha256": archive.sha256,
            "rules": str(self.retention),
        }
        draft = self._draft(Kind.PRUNE, VERB, correlation, said)
        try:
            await self.ledger.append(draft, _nothing_since(plan))
        except Conflict:
            await asyncio.to_thread(drop_archive, folder, archive)
            raise
        await self._empty(plan.runs)
        return archive

    async def _go_on(self) -> None:
        """Finish what somebody who was killed has begun."""
        pruned = await self.database.read(Pruned.read)
        for pruning in pruned.prunings[-_LOOKED_AT:]:
            if await self.database.read(partial(_is_left, runs=pruning.runs)):
                await self._empty(pruning.runs)

    async def _empty(self, runs: Sequence[Run]) -> None:
        for first, last in runs:
            for begin in range(first, last + 1, AT_ONCE):
                end = min(begin + AT_ONCE - 1, last)
                await self.database.write(partial(_empty, first=begin, last=end))

    def _folder(self) -> Path:
        if self.retention.archive is None:
            raise BadInput("Nothing is pruned without an archive: set `audit.retention.archive`.")
        return self.retention.archive

    def _refuse_younger(self, before: datetime | None, now: datetime) -> None:
        limits = [period.before(now) for period in self.retention.periods]
        if before is not None and (not limits or before > max(limits)):
            until = f"what is older than {max(limits):%Y-%m-%d}" if limits else "nothing"
            raise BadInput(f"The rules ({self.retention}) let be pruned {until}.")

    def _draft(self, kind: Kind, verb: str, correlation: str, params: dict[str, str]) -> Draft:
        return Draft(
            kind=kind, verb=verb, correlation=correlation, account=self.account, params=params
        )


def _nothing_since(plan: Plan) -> Effect[None]:
    """Return the effect that refuses where somebody pruned, or held, since a plan was made."""

    def effect(tx: Transaction) -> None:
        if Pruned.read(sql(tx)) != plan.pruned:
            raise Conflict("Another replica has pruned meanwhile.")
        if read_holds(sql(tx)) != plan.holds:
            raise Conflict("The legal holds have changed meanwhile; nothing was pruned.")

    return effect


def _is_left(connection: Connection, runs: Sequence[Run]) -> bool:
    return any(
        connection.execute(_FULL, {"first": first, "last": last}).first() for first, last in runs
    )


def _empty(connection: Connection, first: int, last: int) -> None:
    between = {"first": first, "last": last}
    connection.execute(_FORGET, between)  # the sensitive texts, sealed: the archive has them so
    connection.execute(_EMPTY, between)
