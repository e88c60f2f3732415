"""A calendar of changes as an iCalendar file (RFC 5545), for any calendar programme."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from icalendar import Calendar, Event

from bot.changes.week import Week, read_span
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.calendars import Span
    from bot.changes.week import Entry
    from bot.ports import Catalogue, Clock, Freezes

PRODUCT: Final = "-//Wardroom//Changes//EN"
SHORT: Final = timedelta(minutes=30)
"""How long something is drawn whose end nobody knows yet."""


@dataclass(frozen=True)
class CalendarFile:
    """Implements `bot.ports.changes.CalendarFiles`."""

    week: Week
    catalogue: Catalogue
    freezes: Freezes
    clock: Clock

    async def file(self, service: str, week: str) -> bytes:
        """Return a week as a file; BadInput where it is none."""
        found = self.catalogue.service(service) if service else None
        if service and found is None:
            raise BadInput(f"There is no service `{service}`.")
        span = read_span(week, "", self.clock.now(), self.freezes.zone(service))
        return written(await self.week.of(span, found), span, self.clock.now())


def written(entries: Iterable[Entry], span: Span, now: datetime) -> bytes:
    """Return the file; an entry keeps its UID, so that a new file replaces what it says."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Changes")
    for entry in entries:
        calendar.add_component(_event(entry, span, now))
    return bytes(calendar.to_ical())


def _event(entry: Entry, span: Span, now: datetime) -> Event:
    start = entry.start or span.start
    event = Event()
    known = f"{entry.kind} {entry.name} {entry.start}".encode()
    event.add("uid", f"{hashlib.sha256(known).hexdigest()[:32]}@wardroom")
    event.add("dtstamp", now)
    event.add("dtstart", start)
    event.add("dtend", entry.end or start + SHORT)
    event.add("summary", f"{entry.name} {entry.where}: {entry.what}")
    event.add("description", f"{entry.kind}, {entry.owner}")
    event.add("categories", [entry.kind])
    return event
