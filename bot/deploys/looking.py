"""Looks at a job on a CI server until somebody has seen enough."""

from __future__ import annotations

import asyncio
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


async def looks(
    ci: Ci, news: News, patience: Patience, build_id: str
) -> AsyncGenerator[Build | Unreachable, None]:
    """Yield a job as it is now, or why that cannot be told, until the patience for it is over.

    It is looked at when its CI server says so, and by itself less and less often while nothing
    changes. `Rejected` where the server will not tell.
    """
    time = asyncio.get_running_loop().time
    end, pause, at = time() + patience.job, patience.poll, build_id
    before: Build | str | None = None
    while time() <= end:
        seen: Build | Unreachable
        now: Build | str
        try:
            seen = now = await ci.build(build_id)
            at = now.id
        except Unreachable as error:
            seen, now = error, error.text
        if now != before:
            before, pause = now, patience.poll
        yield seen
        await news.wait(at, pause)
        pause = min(pause * SLOWER, patience.slowest)
