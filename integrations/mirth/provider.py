"""An engine of Mirth's family as a provider of the port `InterfaceEngine`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Rejected
from integrations.mirth import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.api import Channel, ChannelOrder
    from integrations.mirth.rest import Rest

ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Mirth:
    """Implements `bot.ports.InterfaceEngine`; a channel is meant by its id or its exact name."""

    rest: Rest

    async def channels(self) -> Sequence[Channel]:
        """Return every channel that the account may see, by name."""
        found = reading.channels(await self.rest.statuses())
        return sorted(found, key=lambda channel: (channel.name, channel.id))

    async def channel(self, named: str) -> Channel:
        """Return one channel; `Rejected` where there is none, or several of that name."""
        if ID.fullmatch(named.lower()):
            return reading.channel(await self.rest.status(named.lower()), named.lower())
        found = [one for one in await self.channels() if one.name == named]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(one.id for one in found)
            raise Rejected(f"The engine has several channels `{named}`: name one by its id: {ids}.")
        raise Rejected(
            f"The engine has no channel `{named}`, or hides it: the account needs View Channels."
        )

    async def order(self, channel_id: str, order: ChannelOrder) -> None:
        """Tell a channel what to do, once."""
        if not ID.fullmatch(channel_id):
            raise Rejected(f"`{channel_id[:40]}` is no id of a channel.")
        await self.rest.order(channel_id, order)
