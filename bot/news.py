"""Wakes whoever waits for a build when its CI server has told us about it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST: Final = 200  # characters of a build's id


@dataclass
class BuildNews:
    """Implements `bot.ports.News` in this process; another replica's waiters look by themselves."""

    _waiting: dict[asyncio.Event, str] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    """How many waited for what each source has told."""
    heard: Callable[[str], None] = lambda _source: None
    """Hears of each source that told something, whether or not anybody waited for it."""

    async def wait(self, build_id: str, seconds: float) -> bool:
        """Return after that time, or at once when there is word of the build; say whether."""
        heard = asyncio.Event()
        self._waiting[heard] = build_id
        try:
            async with asyncio.timeout(seconds):
                await heard.wait()
        except TimeoutError:
            return False
        finally:
            del self._waiting[heard]
        return True

    def tell(self, source: str, builds: Sequence[str]) -> int:
        """Wake who waits for one of these builds of a source; return how many that are."""
        self.heard(source)
        named = {build[:LONGEST] for build in builds if build}
        woken = [event for event, build in self._waiting.items() if _is_among(build, source, named)]
        for event in woken:
            event.set()
        self.told[source] += len(woken)
        return len(woken)


def _is_among(build: str, source: str, named: set[str]) -> bool:
    """Say whether a build is one of those; an id may name its server, and its project."""
    server, colon, theirs = build.partition(":")
    if not colon:
        theirs = build
    elif server != source:
        return False
    return theirs in named or theirs.rpartition("/")[2] in named
