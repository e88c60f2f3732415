"""Sends what is new to one receiver: in order, one batch at a time, until it has been taken.

A receiver that does not take a batch is asked less and less often, and no sooner than it says; the
batch is never skipped, so what it has is always the beginning of the log.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from bot.audit.export.part import UNKNOWN_TIME, Part, event_of, part_rows
from bot.audit.forward.cursor import Cursor
from bot.audit.forward.target import Target, Undelivered
from bot.audit.pruned import first_full
from bot.audit.reading import Row, read_size
from bot.errors import StoreFailed
from bot.model import Event
from bot.moments import written
from bot.ports import Clock
from bot.storage.database import Database

LOG = structlog.get_logger(__name__)
LEASE: Final = timedelta(minutes=2)  # longer than any batch takes
LOOK: Final = 1.0  # seconds between two looks at the log
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between two tries


@dataclass(frozen=True)
class Lag:
    """How far a receiver is behind: how many events, and since when the oldest of them waits."""

    events: int = 0
    oldest: datetime | None = None


@dataclass
class Forwarder:
    """The one that sends to one receiver; several replicas may share it, one sends at a time."""

    name: str
    target: Target
    database: Database
    cursor: Cursor
    clock: Clock
    batch: int
    patience: timedelta
    look: float = LOOK
    first_wait: float = FIRST_WAIT
    lag: Lag = field(default_factory=Lag)

    def __post_init__(self) -> None:
        """Begin with nothing wrong."""
        self._failures = 0
        self._stuck_since: datetime | None = None
        self._why = ""
        self._resume: float = 0.0
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._run(), name=f"forward {self.name}")

    async def close(self) -> None:
        """Stop after the batch that is under way, and let another replica go on."""
        self._closing.set()
        if self._task is not None:
            await self._task
        await self.target.close()

    def events_behind(self) -> float:
        """Return how many events the receiver does not have yet."""
        return self.lag.events

    def seconds_behind(self) -> float:
        """Return for how long the oldest event that the receiver lacks has waited."""
        oldest = self.lag.oldest
        return max((self.clock.now() - oldest).total_seconds(), 0.0) if oldest else 0.0

    def trouble(self) -> str:
        """Return one sentence where the receiver has taken nothing for too long, else ""."""
        since = self._stuck_since
        if since is None or self.clock.now() - since < self.patience:
            return ""
        waiting = f"{self.lag.events} events wait"
        return f"nothing taken since {written(since)}, {waiting}: {self._why}"

    async def _run(self) -> None:
        while not self._closing.is_set():
            try:
                wait = await self._round()
            except StoreFailed as error:
                self._failed(str(error))
                wait = self.look
            try:
                async with asyncio.timeout(wait):
                    await self._closing.wait()
            except TimeoutError:
                continue
        try:
            await self.cursor.leave()
        except StoreFailed:
            LOG.warning("a forwarding place was not left in order", target=self.name)

    async def _round(self) -> float:
        """Send a batch where there is one; return the seconds until the next look."""
        events = await self._next(await self.cursor.read())
        if not events or asyncio.get_running_loop().time() < self._resume:
            return self.look
        position = await self.cursor.take(self.clock.now(), LEASE)
        if position is None:
            return self.look
        if position != events[0].seq - 1:
            events = await self._next(position)  # another replica sent meanwhile
        if not events:
            return self.look
        try:
            await self.target.send(events)
        except Undelivered as error:
            return self._wait(error)
        await self.cursor.move(events[-1].seq)
        self._took()
        await self._next(events[-1].seq)
        return 0.0 if self.lag.events else self.look

    async def _next(self, after: int) -> list[Event]:
        """Return the events that come next, and note how many there are."""
        size, rows = await self.database.read(lambda connection: self._read(connection, after))
        events = [event_of(row) for row in rows]
        times = (event.at for event in events if event.at > UNKNOWN_TIME)
        self.lag = Lag(max(size - after, 0), next(times, None))
        if not events:
            self._stuck_since = None
        return events

    def _read(self, connection: Connection, after: int) -> tuple[int, list[Row]]:
        size = read_size(connection)
        rows = list(part_rows(connection, Part(after + 1, after + self.batch), size))
        if not rows and after < size:  # what comes next was pruned
            first = first_full(connection, after) or size
            rows = list(part_rows(connection, Part(first, first + self.batch - 1), size))
        return size, rows

    def _wait(self, error: Undelivered) -> float:
        self._failed(str(error))
        longest = min(self.first_wait * 2 ** (self._failures - 1), LONGEST_WAIT)
        # Not all replicas, nor all receivers, at the same moment.
        wait = max(random.uniform(longest / 2, longest), error.retry_after)  # noqa: S311 - a pause
        self._resume = asyncio.get_running_loop().time() + wait
        return min(wait, self.look)

    def _failed(self, why: str) -> None:
        self._failures += 1
        self._why = why
        if self._stuck_since is None:
            self._stuck_since = self.clock.now()
            LOG.warning("the audit log is not being forwarded", target=self.name, why=why)

    def _took(self) -> None:
        if self._stuck_since is not None:
            LOG.info("the audit log is being forwarded again", target=self.name)
        self._failures, self._stuck_since, self._why, self._resume = 0, None, "", 0.0
