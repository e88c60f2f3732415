"""An interface engine in memory, that a test turns by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.errors import Rejected, Unreachable
from bot.model import Channel, ChannelOrder, ChannelState

if TYPE_CHECKING:
    from collections.abc import Sequence

LAB = Channel("0b2e-lab", "Lab results in", ChannelState.STARTED, 3, 40, 37, 0)
PACS = Channel("0b2e-pacs", "Orders to PACS", ChannelState.STARTED)


@dataclass
class TwinEngine:
    """Two channels that do at once what they are told, unless a test says otherwise."""

    by_id: dict[str, Channel] = field(default_factory=lambda: {one.id: one for one in (LAB, PACS)})
    told: list[tuple[str, ChannelOrder]] = field(default_factory=list)
    down: bool = False
    drops: bool = False  # takes an order, answers nothing, and does it
    loses: bool = False  # answers nothing, and does not do it
    refuses: str = ""
    lingers: ChannelState | None = None  # where a channel stays instead of going on

    async def channels(self) -> Sequence[Channel]:
        if self.down:
            raise Unreachable("The engine cannot be reached.")
        return list(self.by_id.values())

    async def channel(self, named: str) -> Channel:
        for one in await self.channels():
            if named in (one.id, one.name):
                return one
        raise Rejected(f"The engine has no channel `{named}`.")

    async def order(self, channel_id: str, order: ChannelOrder) -> None:
        if self.refuses:
            raise Rejected(self.refuses)
        self.told.append((channel_id, order))
        if not self.loses:
            self.set(channel_id, state=self.lingers or order.leads_to)
        if self.drops or self.loses:
            raise Unreachable("The engine broke the connection off.")

    def set(self, channel_id: str, **figures: object) -> None:
        """Have a channel be otherwise."""
        self.by_id[channel_id] = replace(self.by_id[channel_id], **figures)  # type: ignore[arg-type] # a test names what there is
