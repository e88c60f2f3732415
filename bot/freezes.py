"""The freeze calendar: one-off freezes from calendars.yaml, each naming its owner and end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.ports import Freeze

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class FreezeCalendar:
    """Every freeze that is known; an empty scope means all services or all environments."""

    freezes: tuple[Freeze, ...] = ()

    def active(self, service: str, environment: str, at: datetime) -> Freeze | None:
        """Return the freeze that holds a service's environment at a moment, or None."""
        return next(
            (
                freeze
                for freeze in self.freezes
                if freeze.start <= at < freeze.end
                and (not freeze.services or service in freeze.services)
                and (not freeze.environments or environment in freeze.environments)
            ),
            None,
        )
