"""Keeps calendar feeds read: on an interval, with the last good copy and how old it is.

The copy is in our store, so that a restart and another replica know it. A feed that was never
read, or too long ago, is unknown, and unknown is not open.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from bot.calendars import events
from bot.calendars.document import FeedEntry
from bot.calendars.fetching import fetched
from bot.calendars.rules import Feed, Named
from bot.errors import AuditUnavailable, Unreachable
from bot.model import Draft, Kind
from bot.moments import written
from bot.stores import FeedCopy

if TYPE_CHECKING:
    from pathlib import Path

    from bot.calendars.reading import Plan
    from bot.ports import Clock, Ledger
    from bot.stores import FeedCopies

LOG = structlog.get_logger(__name__)


@dataclass
class _Known:
    """What is known of one feed."""

    digest: str = ""
    events: Mapping[str, Sequence[Named]] = field(default_factory=dict)
    read: datetime | None = None
    tried: datetime | None = None
    trouble: str = ""


@dataclass
class FeedKeeper:
    """Reads the feeds of a plan when they are due."""

    copies: FeedCopies
    ledger: Ledger
    clock: Clock
    fetch: Callable[[FeedEntry, Path], Awaitable[str]] = fetched
    _known: dict[str, _Known] = field(default_factory=dict)

    async def recall(self, plan: Plan) -> None:
        """Take the copies that were kept, where they are newer than what is known."""
        kept = {copy.name: copy for copy in await self.copies.list()} if plan.feeds else {}
        for feed in plan.feeds:
            known, copy = self._of(feed), kept.get(_key(feed))
            if copy is None or (known.read and known.read >= copy.read):
                continue
            try:
                await self._take(plan, feed, copy.body, copy.read)
            except ValueError as error:  # an older version of us understood it
                known.trouble = str(error)

    async def look(self, plan: Plan) -> None:
        """Read again what is due; whatever is wrong with a feed is kept to be said."""
        now = self.clock.now()
        for feed in plan.feeds:
            known = self._of(feed)
            if known.tried is not None and now < known.tried + feed.refresh:
                continue
            known.tried = now
            try:
                await self._read(plan, feed, now)
            except (Unreachable, ValueError) as error:
                known.trouble = error.text if isinstance(error, Unreachable) else str(error)
                LOG.warning("a calendar feed could not be read", feed=feed.name, why=known.trouble)
            except AuditUnavailable:
                known.tried = None
                known.trouble = "the audit log cannot be written, so no change of it is taken"

    def states(self, plan: Plan, now: datetime) -> Mapping[str, Feed]:
        """Return what is known of each feed at a moment."""
        return {feed.name: _state(feed, self._of(feed), now) for feed in plan.feeds}

    async def _read(self, plan: Plan, feed: FeedEntry, now: datetime) -> None:
        body = await self.fetch(feed, plan.folder)
        known = self._of(feed)
        if known.read is not None and _digest(body) == known.digest:
            await self.copies.confirm(_key(feed), now)
            known.read, known.trouble = now, ""
            return
        parsed = await asyncio.to_thread(_parsed, body, feed, plan, now)
        count = max(len(found) for found in parsed.values())
        draft = Draft(
            kind=Kind.SYSTEM,
            verb="calendar feed",
            correlation=f"feed-{feed.name}-{_digest(body)}",
            text=f"the calendar feed {feed.name} changed: {count} events to come",
        )
        await self.ledger.append(draft, self.copies.put(FeedCopy(_key(feed), body, now)))
        known.events, known.digest, known.read, known.trouble = parsed, _digest(body), now, ""

    async def _take(self, plan: Plan, feed: FeedEntry, body: str, read: datetime) -> None:
        known = self._of(feed)
        if _digest(body) != known.digest:
            now = self.clock.now()
            known.events = await asyncio.to_thread(_parsed, body, feed, plan, now)
        known.digest, known.read = _digest(body), read

    def _of(self, feed: FeedEntry) -> _Known:
        return self._known.setdefault(_key(feed), _Known())


def _key(feed: FeedEntry) -> str:
    """Return the name of a feed's copy: of another address it is another copy."""
    return f"{feed.name}:{_digest(feed.url or feed.file)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _parsed(body: str, feed: FeedEntry, plan: Plan, now: datetime) -> Mapping[str, Sequence[Named]]:
    """Return what is not over yet, by each zone that floating times may be read in."""
    own = {feed.zone: ZoneInfo(feed.zone)} if feed.zone else {}
    zones = {**plan.zones.every(), **own}
    found = {name: events.read(body, zone) for name, zone in zones.items()}
    return {
        name: [one for one in named if one.times.at(now) or one.times.after(now)]
        for name, named in found.items()
    }


def _state(feed: FeedEntry, known: _Known, now: datetime) -> Feed:
    why = f" ({known.trouble})" if known.trouble else ""
    if known.read is None:
        return Feed(unknown=f"the calendar feed {feed.name} was never read{why}")
    detail = f"the calendar feed {feed.name} was last read {_age(now - known.read)} ago{why}"
    if now - known.read <= feed.stale_after:
        return Feed(known.events, detail=detail)
    when = f"the calendar feed {feed.name} was last read at {written(known.read)}{why}"
    return Feed(known.events, unknown=f"{when}, longer ago than {_age(feed.stale_after)}")


def _age(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds()) // 60)
    for size, unit in ((24 * 60, "d"), (60, "h")):
        if minutes >= 2 * size or (minutes >= size and minutes % size == 0):
            return f"{minutes // size} {unit}"
    return f"{minutes} min"
