"""Looks at a job on a CI server until somebody has seen enough."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import Unreachable
from bot.model import BuildState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bot.deploys.patience import Patience
    from bot.model import Build
    from bot.ports import Ci, News

ENDED: Final = frozenset({BuildState.GREEN, BuildState.RED, BuildState.CANCELLED})
SLOWER: Final = 1.5  # each pause between two looks is so many times the one before


@dataclass
class _Left:
    """How many seconds are left, of the two that a job has: while it runs, and while it waits."""

    job: float
    gate: float
    at: float
    waits: bool = False

    def is_over(self, now: float) -> bool:
        """Count what passed since the last time, and say whether it was the last of it."""
        passed, self.at = now - self.at, now
        if self.waits:
            self.gate -= passed
        else:
            self.job -= passed
        return (self.gate if self.waits else self.job) < 0


async def looks(
    ci: Ci, news: News, patience: Patience, build_id: str, *, waited: float = 0.0
) -> AsyncGenerator[Build | Unreachable, None]:
    """Yield a job as it is now, or why that cannot be told, until the patience for it is over.

    It is looked at when its CI server says so, and by itself less and less often while nothing
    changes. While it waits for a decision over there, its own time stands still, and that of such
    gates runs, of which `waited` seconds have passed before. `Rejected` where the server will not
    tell.
    """
    time = asyncio.get_running_loop().time
    left = _Left(patience.job, patience.gate - waited, time())
    pause, at = patience.poll, build_id
    before: Build | str | None = None
    while not left.is_over(time()):
        seen: Build | Unreachable
        now: Build | str
        try:
            seen = now = await ci.build(build_id)
            at, left.waits = now.id, bool(now.gate)
        except Unreachable as error:
            # Nobody says that it waits: an outage is not waited out for as long as a gate.
            seen, now, left.waits = error, error.text, False
        if now != before:
            before, pause = now, patience.poll
        yield seen
        await news.wait(at, pause)
        pause = min(pause * SLOWER, patience.slowest_gate if left.waits else patience.slowest)
