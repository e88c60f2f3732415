"""The channels of the hospital's interface engines."""

from __future__ import annotations

from typing import Protocol

from bot.api.command import Caller
from bot.model import ChannelOrder, EngineChannel, Proposal, Reply, Service


class EngineDesk(Protocol):
    """Shows channels, and tells them what to do under the rules of a deploy of their service."""

    async def list(self, service: Service | None) -> Reply:
        """Return the declared channels, of a service or of all, each as its engine tells it now."""
        ...

    async def show(self, channel: EngineChannel) -> Reply:
        """Return one channel with its counts."""
        ...

    async def propose(self, channel: EngineChannel, order: ChannelOrder, reason: str) -> Proposal:
        """Return what exactly would be told to which channel; refuse what makes no sense now."""
        ...

    async def check(
        self, channel: EngineChannel, reason: str, caller: Caller
    ) -> tuple[tuple[str, str], ...]:
        """Refuse while something stands in the way; return how the channel stands."""
        ...

    async def tell(self, channel: EngineChannel, order: ChannelOrder, proposal: Proposal) -> Reply:
        """Tell the channel once, and answer by what it says afterwards.

        UNKNOWN_OUTCOME where it cannot be seen that it did; it is never told a second time.
        """
        ...
