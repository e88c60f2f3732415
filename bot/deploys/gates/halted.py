"""Nothing starts while everything is stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import Refused, StoreFailed
from bot.model import Reason
from bot.moments import written

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked
    from bot.ports.control import Halts


@dataclass(frozen=True)
class Halted:
    """Asks whether there is a stop-all; where that cannot be told, there is."""

    halts: Halts

    async def __call__(self, asked: Asked) -> None:
        """Refuse while everything stands still."""
        del asked  # whatever it is
        try:
            halt = await self.halts.current()
        except StoreFailed as error:
            raise Refused(
                Reason.HALTED,
                "Whether everything is stopped cannot be told, which counts as stopped: the "
                "database does not answer. `wardroom doctor` says more.",
            ) from error
        if halt is not None:
            raise Refused(
                Reason.HALTED,
                f"Everything is stopped since {written(halt.since)} by {', '.join(halt.by)} "
                f"({halt.reason}). `stop-all status` says more; `stop-all lift --reason ...` "
                "needs two people.",
            )
