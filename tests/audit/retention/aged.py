"""A log whose events were recorded years apart, and its pruner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.audit import verify
from bot.audit.log import AuditLog
from bot.audit.retention.archive import EVENTS
from bot.audit.retention.holds import Hold, Terms, add, lift
from bot.audit.retention.pruner import Outcome, Pruner
from bot.audit.whole import pinned, verify_log
from bot.model import Account, Kind, Reason
from bot.retention_settings import Retention
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import draft
from tests.signing import KnownKeys

DAY = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DUE = datetime(2032, 12, 22, 9, 30, tzinfo=UTC)
"""Six years and thirty days after that."""


@dataclass
class Aged:
    """A log, what it is in, and the means to make it old."""

    database: Database
    log: AuditLog
    clock: TurnedClock
    archives: Path

    async def record(self, *texts: str, **fields: Any) -> None:
        """Record an event for each text."""
        for number, each in enumerate(texts):
            named = {"correlation": f"c-{each}-{number}", **fields}
            await self.log.append(draft(text=each, **named))

    def pruner(self, most: int = 1 << 16, **settings: Any) -> Pruner:
        """Return the pruner for these settings."""
        rules = Retention(archive=self.archives, **settings)
        ends = (self.database, self.log, KnownKeys(), rules, self.clock)
        return Pruner(*ends, Account("cli", "root"), most)

    async def prune(self, before: datetime | None = None, **settings: Any) -> Outcome:
        """Prune by these settings."""
        return await self.pruner(**settings).prune(before)

    def gone(self) -> list[int]:
        """Return the events without content."""
        query = text("SELECT seq FROM audit WHERE body = '{}' ORDER BY seq")
        return list(self.database.read_now(lambda c: c.execute(query).scalars().all()))

    def verified(self, *kept: verify.Head) -> verify.Findings:
        """Verify the database with the key of the log."""
        keys = pinned(KnownKeys())
        return self.database.read_now(lambda c: verify_log(c, kept, keys))

    def files(self) -> list[Path]:
        """Return the archives' events, in the order of the events."""
        found = self.archives.glob(f"*/{EVENTS}")
        return sorted(found, key=lambda each: int(each.parent.name.partition("-")[0]))

    async def hold(self, **terms: str) -> str:
        """Have an auditor hold something, as the command does."""
        said = Terms(**terms)
        correlation = f"hold-{said}"
        held = Hold(0, correlation, said, "auditor", self.clock.at.isoformat())
        recorded = await self.log.append(
            draft(
                kind=Kind.OUTCOME,
                verb="audit hold add",
                reason=Reason.OK,
                person="auditor",
                service="",
                correlation=correlation,
                params={"fact.terms": said.written()},
            ),
            add(held),
        )
        return str(recorded.results[0])

    async def lift(self, name: str) -> None:
        """Have two people lift a hold."""
        correlation = f"lift-{name}"
        await self.log.append(
            draft(
                kind=Kind.EFFECT_OUTCOME,
                verb="audit hold lift",
                reason=Reason.OK,
                correlation=correlation,
                service="",
                params={"fact.hold": name},
            ),
            lift(name, correlation, "auditor", self.clock.at.isoformat()),
        )
