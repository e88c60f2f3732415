"""How an emergency stands, for what only watches: a few seconds old, and never asked to decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import StoreFailed

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.stores import Grants, HaltStore, Tasks

UNKNOWN: Final = math.nan
_MOST: Final = 1000


@dataclass
class Standing:
    """Counts for /metrics; NaN while the database does not answer."""

    halts: HaltStore
    grants: Grants
    tasks: Tasks
    clock: Clock
    stopped: float = UNKNOWN
    glasses: float = UNKNOWN
    reviews: float = UNKNOWN
    late: float = UNKNOWN

    async def look(self) -> None:
        """Count again."""
        try:
            self.stopped = float(await self.halts.current() is not None)
            self.glasses = float(len(await self.grants.list(open_only=True, limit=_MOST)))
            tasks = await self.tasks.list(limit=_MOST)
        except StoreFailed:
            self.stopped = self.glasses = self.reviews = self.late = UNKNOWN
            return
        now = self.clock.now()
        self.reviews = float(len(tasks))
        self.late = float(sum(task.due < now for task in tasks))
