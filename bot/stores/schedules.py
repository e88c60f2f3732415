"""Schedules of runbooks, as they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model.schedules import RunbookSchedule
    from bot.ports import Effect


class ScheduleStore(Protocol):
    """One row for each schedule, ended ones too."""

    def open(self, new: RunbookSchedule) -> Effect[RunbookSchedule]:
        """Keep a new schedule under the next SCHED-n; what it has as its id is not looked at."""
        ...

    def move(
        self, read: RunbookSchedule, upcoming: datetime | None, last: str
    ) -> Effect[RunbookSchedule]:
        """Keep when it begins next, None where it is ended, and how it went last.

        `Conflict` where it has moved since it was read.
        """
        ...

    async def show(self, schedule_id: str) -> RunbookSchedule | None:
        """Return a schedule by id."""
        ...

    async def list(self) -> Sequence[RunbookSchedule]:
        """Return those that are not ended, the one that begins first first."""
        ...

    async def due(self, now: datetime, *, limit: int = 50) -> Sequence[RunbookSchedule]:
        """Return those whose moment has come."""
        ...
