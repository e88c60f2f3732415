"""Freezes from chat: what is closed, when it opens, and who closes it for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Reply, Service


@dataclass(frozen=True)
class WantedFreeze:
    """A freeze as somebody types it; an empty part of its scope means everything."""

    name: str
    starts: str
    until: str
    reason: str
    service: Service | None = None
    environment: str = ""
    tag: str = ""


class FreezeDesk(Protocol):
    """Adds freezes, lifts them, and says what is closed."""

    async def add(self, caller: Caller, wanted: WantedFreeze) -> Done:
        """Close a time; `BadInput` where its times cannot be read, or are over."""
        ...

    async def lift(self, caller: Caller, name: str, reason: str) -> Done:
        """End a freeze that was added from chat; somebody else's with a role, and they are told."""
        ...

    async def list(self) -> Reply:
        """Return every rule there is, with where it is written and when it holds."""
        ...

    async def next(self, service: Service, environment: str) -> Reply:
        """Return what holds a service's environment now, what comes next, and when it opens."""
        ...
