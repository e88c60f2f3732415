"""Locking environments by hand, and seeing what is where."""

from __future__ import annotations

from typing import Protocol

from bot.api.command import Caller, Done
from bot.model import Deploy, Reply, Service


class Locksmith(Protocol):
    """Locks an environment of a service for a person and a time, and opens it again."""

    async def lock(
        self, caller: Caller, service: Service, environment: str, reason: str, lasts: str
    ) -> Done:
        """Lock it for the caller; again, it holds for another time or another reason.

        `lasts` is such as `2h` or `90m`. BadInput where that is no time or too long; the effect
        is in conflict where somebody else holds it.
        """
        ...

    async def unlock(self, caller: Caller, service: Service, environment: str, reason: str) -> Done:
        """End a person's lock.

        Somebody else's needs a role and a reason, and its owner is told.
        """
        ...

    async def list(self, service: str = "") -> Reply:
        """Return what is held now: by whom, why and until when."""
        ...


class GoesOut(Protocol):
    """What a deploy brings that did not run there before it."""

    async def words(self, service: Service, deploy: Deploy) -> str:
        """Return the commits of a deploy since what ran before it, as people read them."""
        ...


class Whereabouts(Protocol):
    """Which version is where, and what keeps it there."""

    async def of(self, service: Service) -> Reply:
        """Return each environment: what answers there now, what is recorded, who holds it."""
        ...
