"""How a freeze is said: whose it is, until when, what passes it, and what to do."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.calendars import clocks
from bot.calendars.clocks import Wall
from bot.calendars.typed import local_text
from bot.ports import Freeze, FreezeKind


def held(freeze: Freeze, where: str) -> str:
    """Return the sentences about one rule that closes a service's environment."""
    end = local_text(freeze.end, freeze.zone) if freeze.end else ""
    if freeze.kind is FreezeKind.WINDOW:
        until = f"the next one opens {end}" if end else "none opens again within sight"
        what = f"{where} is open in maintenance windows only, and {until}: `{freeze.name}`"
    elif freeze.kind is FreezeKind.UNREAD:
        what = f"{where} is held by `{freeze.name}`"
    else:
        what = f"{where} is frozen by `{freeze.name}` until {end}"
    detail = f" {freeze.detail[:1].upper()}{freeze.detail[1:]}." if freeze.detail else ""
    reason = freeze.reason.rstrip(".")
    return f"{what} ({freeze.source}): {reason}. Ask {freeze.owner}.{detail} {passes(freeze)}"


def passes(freeze: Freeze) -> str:
    """Return the exceptions that there are."""
    if not freeze.exceptions:
        return "It has no exceptions."
    return f"What passes it: {'; '.join(one.said() for one in freeze.exceptions)}."


def as_typed(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as it is typed in a zone; with its offset where the clock is ambiguous."""
    local = clocks.wall(moment, zone)
    if clocks.kind(local, zone) is Wall.PLAIN:
        return f"{local:%Y-%m-%d %H:%M}"
    return moment.astimezone(zone).isoformat(timespec="minutes")
