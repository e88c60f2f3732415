"""Writes the pages of all runbooks every night, once, however many replicas look.

The night is claimed for an hour before the pages are written, and for good once they are there: a
replica that dies in between, or a folder that cannot be written, is tried again an hour later.
Whatever comes of it is in the audit log.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.calendars import clocks
from bot.errors import AuditUnavailable, Conflict, StoreFailed
from bot.model import Draft, Kind, Reason
from bot.runbooks.binder import bind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from pathlib import Path

    from bot.ports import Clock, Ledger
    from bot.runbooks.shelf import Shelf
    from bot.stores import Deliveries

VERB: Final = "runbook export"
DAY: Final = timedelta(days=1)
LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class NightlyPages:
    """The folder, and when in the night it is written on the clocks of `zone`."""

    shelf: Shelf
    folder: Path
    hour: time
    zone: Callable[[], tzinfo]
    deliveries: Deliveries
    ledger: Ledger
    clock: Clock

    async def look(self) -> None:
        """Write the pages of the last night, unless that was done; it is tried again."""
        now = self.clock.now()
        done = f"runbook-export {self._night(now):%Y-%m-%d}"
        try:
            if await self.deliveries.seen(done) is None:
                await self._claimed(done, now)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("the runbooks are written once the audit log can be written")
        except Conflict:
            return  # another replica has this night, or this hour of it

    def _night(self, now: datetime) -> datetime:
        """Return the last moment at which the pages were due."""
        zone = self.zone()
        today = datetime.combine(clocks.wall(now, zone).date(), self.hour)
        due = clocks.earliest(today, zone)
        return today if due <= now else today - DAY

    async def _claimed(self, done: str, now: datetime) -> None:
        hour = f"{done} {now.astimezone(UTC):%dT%H}"
        if await self.deliveries.seen(hour) is not None:
            return
        began = self._draft(done, None, f"to {self.folder}")
        await self.ledger.append(began, self.deliveries.claim(hour, now))
        try:
            bound = await asyncio.to_thread(bind, self.shelf, self.folder, now)
        except OSError as error:
            why = f"{self.folder} cannot be written: {error.strerror or error}"
            LOG.error("the runbooks were not exported", why=why)  # noqa: TRY400 - its text says all there is to say
            await self.ledger.append(self._draft(done, Reason.FAILED, why))
            return
        LOG.info("the runbooks were exported", folder=str(self.folder), pages=bound.pages)
        ended = self._draft(done, Reason.OK, bound.text)
        await self.ledger.append(ended, self.deliveries.claim(done, now))

    def _draft(self, night: str, reason: Reason | None, text: str) -> Draft:
        return Draft(kind=Kind.SYSTEM, verb=VERB, correlation=night, reason=reason, text=text)
