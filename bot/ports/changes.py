"""What a change is held against: its template, and whatever else is changed meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bot.model import Overlap


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
