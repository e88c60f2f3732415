"""The locks of environments: one winner each, on however many replicas."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from bot.model import Lock
    from bot.ports import Effect


LEASE: Final = timedelta(seconds=30)
"""How long a deploy holds its environment without a replica that answers for it."""


class Locks(Protocol):
    """What is held, by whom, and until when.

    A deploy takes its environment by `DeployStore.open` and frees it by `DeployStore.end`.
    """

    def take(self, lock: Lock) -> Effect[Lock]:
        """Hold an environment for a person, or hold it on until another time.

        `Conflict(reason=LOCKED)` names who holds it: somebody else, or somebody else's deploy.
        """
        ...

    def release(self, lock: Lock) -> Effect[Lock]:
        """End a person's lock as it was read; `Conflict(NOT_FOUND)` where it has ended already.

        A deploy under it goes on and holds the environment until it ends.
        """
        ...

    async def renew(self, deploys: Collection[str], until: datetime) -> None:
        """Answer for deploys that go on; not audited, it happens every few seconds."""
        ...

    async def held(self, service: str, environment: str) -> Lock | None:
        """Return who holds an environment, expired or not, or None."""
        ...

    async def list(self, *, service: str = "") -> Sequence[Lock]:
        """Return everything that is held, expired or not, by service and environment."""
        ...

    async def expired(self, at: datetime) -> Sequence[Lock]:
        """Return people's locks whose time is over."""
        ...

    async def lapsed(self, at: datetime) -> Sequence[str]:
        """Return the deploys that are under way and that no replica has answered for in time."""
        ...
