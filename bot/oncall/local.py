"""What the clock on the wall shows at a site, as the calendars say."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.calendars.rules import Zones
from bot.ports.control import LocalTime


@dataclass(frozen=True)
class WallClock:
    """Implements `SiteTime` over the zones and holidays of calendars.yaml as they are now."""

    zones: Callable[[], Zones]
    is_holiday: Callable[[date], bool]

    def local(self, sites: Collection[str], at: datetime) -> LocalTime:
        """Return the local time of these sites; of none, or of several zones, the hospital's."""
        zones = self.zones()
        found = zones.of(sorted(sites))
        zone: ZoneInfo = found[0] if len(found) == 1 else zones.default
        here = at.astimezone(zone)
        return LocalTime(
            weekday=here.isoweekday(),
            minute=here.hour * 60 + here.minute,
            day=f"{here:%Y-%m-%d}",
            zone=zone.key,
            holiday=self.is_holiday(here.date()),
        )
