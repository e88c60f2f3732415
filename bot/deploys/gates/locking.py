"""One deploy at a time for a service and environment, and none past a lock of somebody else.

A person's lock lets the deploys and rollbacks of its owner pass: they locked it to work there
undisturbed, and would otherwise have to let everybody in to finish. The deploy names that lock on
its card and in its record. An expired lock stops nobody, whether or not its end was recorded yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.deploys.gates.gate import Moment
from bot.errors import Refused
from bot.model import DeployState, Reason
from bot.moments import at_time, written

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked
    from bot.model import Lock
    from bot.ports import Clock
    from bot.stores import DeployStore, Locks


@dataclass(frozen=True)
class Locking:
    """Asks who holds the environment; taking the lock is what decides in the end."""

    locks: Locks
    clock: Clock
    deploys: DeployStore

    async def __call__(self, asked: Asked) -> None:
        """Refuse while somebody else holds the environment, or where the deploy lost its hold."""
        where = f"{asked.wanted.environment} of {asked.wanted.service.id}"
        lock = await self.locks.held(asked.wanted.service.id, asked.wanted.environment)
        mine = asked.deploy.id if asked.deploy else ""
        holder = lock.deploy if lock and asked.when is None else ""
        if holder and holder != mine and not await self._gives_way(holder, asked):
            raise Refused(
                Reason.LOCKED,
                f"{holder} is using {where}. Wait for it: `deploy status {holder}`.",
            )
        if mine and asked.moment is Moment.TRIGGER and not holder:
            # Its lease ended, and what came of it was settled without it.
            raise Refused(Reason.LOCKED, f"{mine} does not hold {where} any more.")
        if lock is not None:
            self._refuse_stranger(lock, asked, where)

    async def _gives_way(self, holder: str, asked: Asked) -> bool:
        """Say whether a rollback may take the place of what it rolls back: nobody validated it."""
        if holder != asked.wanted.rollback_of:
            return False
        deploy = await self.deploys.show(holder)
        return deploy is not None and deploy.state is DeployState.VALIDATING

    def _refuse_stranger(self, lock: Lock, asked: Asked, where: str) -> None:
        owner = lock.person_at(asked.at(self.clock.now()))
        requester = asked.deploy.requester if asked.deploy else asked.wanted.requester
        if owner in ("", requester) or lock.until is None:
            return
        raise Refused(
            Reason.LOCKED,
            f"{owner} has locked {where} {at_time(lock.since)}, until {written(lock.until)}; "
            f"`lock list` says why. Ask {owner}, or wait.",
        )
