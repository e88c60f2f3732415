"""A spool in a folder, over a log that may be away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.audit.batch import Author
from bot.audit.log import AuditLog
from bot.audit.spool.merging import Merger
from bot.audit.spool.spool import Spool, SpooledLog
from bot.errors import AuditUnavailable
from bot.model import Draft
from bot.ports import Effect, Recorded
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log


@dataclass
class Desk:
    """What a test of the spool turns and looks at."""

    folder: Path
    database: Database
    log: AuditLog
    clock: TurnedClock
    is_away: bool = False
    made: list[Spool] = field(default_factory=list)
    after: Callable[[], None] = lambda: None

    def spooled(self) -> SpooledLog:
        """Return a log with a spool of its own in the folder, like another process."""
        spool = Spool(self.folder, Author(self.clock, "1.0", "one"), within=30)
        self.made.append(spool)
        return SpooledLog(_Weak(self), spool)  # type: ignore[arg-type]  # what is asked of a log

    async def merged(self) -> Merger:
        """Merge as a process does that has just started."""
        merger = Merger(self.spooled())
        await merger.look()
        return merger

    async def merged_by(self, records: SpooledLog) -> None:
        """Merge as the process does that has spooled."""
        await Merger(records).look()

    def files(self) -> list[Path]:
        """What is in the folder."""
        return sorted(self.folder.iterdir())


@dataclass
class _Weak:
    """The log, where it is not away."""

    desk: Desk
    deadline: float = 60

    async def append(self, draft: Draft, *effects: Effect[object], within: float = 60) -> Recorded:
        del within
        if self.desk.is_away:
            raise AuditUnavailable("the database does not answer")
        recorded = await self.desk.log.append(draft, *effects)
        self.desk.after()
        return recorded


@pytest.fixture
async def desk(sqlite: Database, clock: TurnedClock, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk over a fresh log."""
    async with a_log(sqlite, clock) as log:
        desk = Desk(tmp_path / "spool", sqlite, log, clock)
        yield desk
        for spool in desk.made:
            spool.close()
