"""One deploy at a time for a service and environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import Refused
from bot.model import Reason

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked
    from bot.stores import DeployStore


@dataclass(frozen=True)
class Locking:
    """Asks who holds the environment; taking the lock is what decides in the end."""

    deploys: DeployStore

    async def __call__(self, asked: Asked) -> None:
        """Refuse while somebody else holds the environment."""
        wanted = asked.wanted
        holder = await self.deploys.holder(wanted.service.id, wanted.environment)
        if holder and not (asked.deploy and asked.deploy.id == holder):
            raise Refused(
                Reason.LOCKED,
                f"{holder} is using {wanted.environment} of {wanted.service.id}. "
                f"Wait for it: `deploy status {holder}`.",
            )
