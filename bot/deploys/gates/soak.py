"""A commit runs for a while in one environment before it comes to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.deploys.gates.order import proven
from bot.errors import Refused
from bot.model import Reason
from bot.moments import written

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked
    from bot.ports import Clock
    from bot.stores import DeployStore


@dataclass(frozen=True)
class Soak:
    """Counts from the success that the order rests on, in UTC: no clock change touches it.

    A clock that was set back makes it longer, never shorter. A rollback soaks nowhere, for the
    reason that it needs no order.
    """

    deploys: DeployStore
    clock: Clock

    async def __call__(self, asked: Asked) -> None:
        """Refuse until it has run alone for as long as is declared."""
        wanted = asked.wanted
        target = wanted.service.environment(wanted.environment)
        if target is None or not target.soak:
            return
        found = await proven(self.deploys, asked)
        if found is None:
            return
        newest, since = found
        other = next((one for one in since if one.commit != asked.commit), None)
        if other is not None:
            raise Refused(
                Reason.PRECHECK_FAILED,
                f"{wanted.version} did not soak in {target.after}: {other.id} ({other.version}) "
                f"came there after {newest.id}. Type `deploy {wanted.service.id} "
                f"{wanted.version} to {target.after} --reason ...` and let it soak.",
            )
        until = (newest.finished or self.clock.now()) + target.soak
        if asked.at(self.clock.now()) < until:
            raise Refused(
                Reason.PRECHECK_FAILED,
                f"{wanted.version} soaks until {written(until)} in {target.after}, since "
                f"{newest.id} succeeded there. Ask again then.",
            )
