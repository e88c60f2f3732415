"""Who hears that an endpoint stands otherwise: the source of alerts of our own probes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.samples import Turn
    from bot.ports.ledger import Effect


class TurnsHeard(Protocol):
    """Takes turns as they are told, each once, however many replicas there are."""

    def heard(self, turns: Sequence[Turn]) -> Effect[None]:
        """Take turns that are told together, in the transaction that records them."""
        ...

    async def told(self, turns: Sequence[Turn]) -> None:
        """Go on with them, now that the transaction is over; may be lost in a crash."""
        ...
