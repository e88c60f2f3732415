"""Break-glass as policies and gates ask for it: from memory, never longer than its time.

A clock that is set back lengthens nothing: from the moment on that a grant is known here its time
runs by a clock that nobody can set, and a grant that was seen later than it now is does not come
back with a restart. Implements `bot.ports.control.Glass`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import StoreFailed

if TYPE_CHECKING:
    from bot.ports import Clock
    from bot.ports.control import Grant
    from bot.stores import Grants

LOG = structlog.get_logger(__name__)
SKEW: Final = timedelta(seconds=60)
"""How far the clocks of replicas may be apart."""
NOTED: Final = timedelta(seconds=15)
"""How often it is written down that a grant was still in force."""


@dataclass
class Held:
    """A grant in memory; `seen` is the latest moment of its life, `ticks` when that was noted."""

    grant: Grant
    seen: datetime
    ticks: float
    noted: datetime

    def moment(self, at: datetime, ticks: float) -> datetime:
        """Return what time it is for this grant: never earlier than it was, however clocks go."""
        ran = self.seen + timedelta(seconds=ticks - self.ticks)
        self.seen, self.ticks = max(at, ran), ticks
        return self.seen

    def is_over(self, at: datetime, ticks: float) -> bool:
        """Say whether its time is over, or has not begun by this clock."""
        return at < self.grant.since - SKEW or self.moment(at, ticks) >= self.grant.until


@dataclass
class LiveGlass:
    """Every grant in force, as the store had it some seconds ago."""

    grants: Grants
    clock: Clock
    ticks: Callable[[], float] = time.monotonic
    _held: dict[str, Held] = field(default_factory=dict)
    _refused: set[str] = field(default_factory=set)

    def now(self, person: str, at: datetime) -> Grant | None:
        """Return the grant that a person acts under at a moment, or None; answers from memory."""
        ticks = self.ticks()
        mine = (held for held in self._held.values() if held.grant.person == person)
        return next((held.grant for held in mine if not held.is_over(at, ticks)), None)

    async def refresh(self) -> Sequence[Grant]:
        """Read the grants again; where that fails, those in memory only run out.

        Returns those that nobody ended, none where they could not be read.
        """
        try:
            found = {grant.id: grant for grant in await self.grants.list(open_only=True)}
        except StoreFailed:
            LOG.warning("break-glass is what it was when the database last answered")
            return ()
        self._take(found)
        await self._note()
        return tuple(found.values())

    def left(self) -> Mapping[str, timedelta]:
        """Return how long each grant in force still is, by its id."""
        at, ticks = self.clock.now(), self.ticks()
        alive = [held for held in self._held.values() if not held.is_over(at, ticks)]
        return {held.grant.id: held.grant.until - held.seen for held in alive}

    def over(self, open_: Sequence[Grant]) -> Sequence[Grant]:
        """Return those of the grants that nobody ended and that are not in force any more."""
        alive = self.left()
        return [grant for grant in open_ if grant.id not in alive]

    def _take(self, found: Mapping[str, Grant]) -> None:
        at, ticks = self.clock.now(), self.ticks()
        for gone in self._held.keys() - found.keys():
            del self._held[gone]
        for name, grant in found.items():
            seen = max(grant.seen or grant.since, grant.since)
            if name in self._held:
                self._held[name].moment(max(at, seen), ticks)
            elif name not in self._refused and at >= seen - SKEW:
                self._held[name] = Held(grant, max(at, seen), ticks, seen)
            else:
                self._refused.add(name)  # the clock was set back while nobody looked
        self._refused &= found.keys()

    async def _note(self) -> None:
        """Write down how far each grant was seen, so that a restart knows it too."""
        for held in self._held.values():
            if held.seen - held.noted >= NOTED:
                await self.grants.saw(held.grant.id, held.seen)
                held.noted = held.seen
