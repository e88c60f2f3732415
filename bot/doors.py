"""What a chat platform's adapter is to whoever serves the house."""

from __future__ import annotations

from typing import Protocol

from bot.ports import Messenger, Rooms


class Door(Messenger, Rooms, Protocol):
    """One chat platform's adapter: it takes what is said there, and shows what is said back."""

    async def start(self) -> None:
        """Connect."""
        ...

    async def close(self) -> None:
        """Finish what is under way, and disconnect."""
        ...


class SlackDoor(Door, Protocol):
    """Slack's door, which shows the Home tab too."""

    @property
    def home(self) -> Messenger:
        """What draws the Home tabs."""
        ...
