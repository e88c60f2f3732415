"""Nothing is deployed into a freeze."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import Refused
from bot.model import Reason
from bot.moments import written

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked
    from bot.ports import Clock, Freezes


@dataclass(frozen=True)
class Freezing:
    """Asks the freeze calendar."""

    freezes: Freezes
    clock: Clock

    async def __call__(self, asked: Asked) -> None:
        """Refuse while the environment is frozen, naming the rule, its owner and its end."""
        wanted = asked.wanted
        freeze = self.freezes.active(wanted.service.id, wanted.environment, self.clock.now())
        if freeze is not None:
            raise Refused(
                Reason.FROZEN,
                f"{wanted.environment} of {wanted.service.id} is frozen by `{freeze.name}` until "
                f"{written(freeze.end)} ({freeze.reason}). Ask {freeze.owner}.",
            )
