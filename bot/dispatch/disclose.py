"""Who reads the sensitive texts of the log: those whom policy lets, and everybody their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.dispatch.authorise import Policies
    from bot.model import Event, Principal
    from bot.ports import Openings


@dataclass(frozen=True)
class Discloser:
    """Implements `bot.ports.Disclosures`."""

    openings: Openings
    policies: Policies

    def may_read(self, who: Principal) -> bool:
        """Ask the policies."""
        return self.policies.may_disclose(who)

    async def shown(self, who: Principal, events: Sequence[Event]) -> Sequence[Event]:
        """Open what somebody may read."""
        may, person = self.may_read(who), who.id
        return await self.openings.opened(
            events, lambda e: may or (bool(person) and _by(e) == person)
        )


def _by(event: Event) -> object:
    actor = event.data.get("actor")
    return actor.get("person") if isinstance(actor, Mapping) else None
