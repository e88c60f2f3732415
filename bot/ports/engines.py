"""Interface engines: what passes the messages between a hospital's systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.model import Channel, ChannelOrder


class InterfaceEngine(Protocol):
    """One interface engine. Every call ends within its timeout; no message is ever asked for.

    Errors: `Unreachable` (nothing known), `Rejected` (bad credentials, no such channel), both with
    one clear sentence. A malformed answer is `Unreachable`. Only `order` changes anything there.
    """

    async def channels(self) -> Sequence[Channel]:
        """Return every channel that the account may see, by name."""
        ...

    async def channel(self, named: str) -> Channel:
        """Return one channel by its id or its exact name.

        `Rejected` where there is none, or several of that name.
        """
        ...

    async def order(self, channel_id: str, order: ChannelOrder) -> None:
        """Tell a channel what to do, once; what became of it is read afterwards.

        `Rejected` says that nothing was done, `Unreachable` that it is not known.
        """
        ...
