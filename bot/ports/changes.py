"""What a change is held against and proved by: templates, overlaps, evidence."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bot.model import Overlap, Principal, Reply


class StandardChanges(Protocol):
    """The templates of standard changes."""

    def standing(
        self, template: str, service: str, version: str, now: datetime, zone: ZoneInfo
    ) -> str:
        """Return why a change from a template may not be carried out now, "" where it may."""
        ...


class Overlaps(Protocol):
    """Other changes and deploys of a service and of its dependencies, in both directions."""

    async def found(
        self,
        service: str,
        environment: str,
        start: datetime,
        end: datetime,
        apart: Collection[str] = (),
    ) -> Sequence[Overlap]:
        """Return what meets a window there, except what is named in `apart`."""
        ...


@dataclass(frozen=True)
class EvidenceFile:
    """The evidence of a change: a zip with its name, and the sheets of its page."""

    name: str
    content: bytes
    sheets: Sequence[Reply]
    events: int


class EvidenceFiles(Protocol):
    """Makes the evidence of a change, with the texts that its reader may read."""

    async def made(self, number: str, reader: Principal) -> EvidenceFile:
        """Return the bundle; BadInput where the log knows no such change."""
        ...


class CalendarFiles(Protocol):
    """Writes a week of changes for a calendar programme."""

    async def file(self, service: str, week: str) -> bytes:
        """Return an iCalendar file; BadInput where there is no such week or service."""
        ...
