"""Messages that are edited in place, by topic, on every platform where they were shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.model import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from bot.model import Reply
    from bot.ports import Clock, Effect, Messenger, Transaction
    from bot.stores import Letters, Topics

DOOR_TIME = timedelta(seconds=15)  # until what a door has not shown is the outbox's to show
LOG = structlog.get_logger(__name__)


@dataclass
class TopicNotices:
    """Keeps each topic's newest message; the outbox has the platforms show it.

    `everywhere` are the messengers of ours that show every topic at once (the web console);
    `chats` are the platforms that the outbox reaches: nothing is kept for another one. `nudge`
    tells the outbox that something waits.
    """

    topics: Topics
    letters: Letters
    clock: Clock
    guard: Callable[[Reply], Reply]
    everywhere: Mapping[str, Messenger] = field(default_factory=dict)
    chats: Container[str] = ()
    nudge: Callable[[], None] = lambda: None

    def keep(self, topic: str, reply: Reply) -> Effect[None]:
        """Make `reply` the topic's message in the caller's transaction; `tell` when it is over."""

        def effect(tx: Transaction) -> None:
            self.topics.put(topic, self.guard(reply))(tx)

        return effect

    def promise(self, topic: str, place: Place, *, by_door: bool = False) -> Effect[None]:
        """Have a topic shown in a place; `by_door` where the door that was asked does it at once.

        It is shown once, and even if the door dies before it comes to it.
        """

        def effect(tx: Transaction) -> None:
            if place.channel and place.platform in self.chats:
                wait = DOOR_TIME if by_door else timedelta()
                self.letters.add(topic, place, due=self.clock.now() + wait)(tx)

        return effect

    async def tell(self, topic: str) -> None:
        """Show what was kept, now that its transaction is over."""
        kept = await self.topics.get(topic)
        if kept is not None:
            await self._tell(topic, kept[0])

    async def publish(self, topic: str, reply: Reply) -> None:
        """Make `reply` the topic's message everywhere it was shown; the newest one wins."""
        clean = self.guard(reply)
        await self.topics.keep(topic, clean)
        await self._tell(topic, clean)

    async def announce(self, topic: str, place: Place) -> None:
        """Show a topic's message in a place; nothing where it is shown there already."""
        if place.platform in self.chats:
            await self.letters.begin(topic, place, due=self.clock.now())
            self.nudge()

    async def shown(self, topic: str, place: Place, ref: str, reply: Reply) -> None:
        """Remember where a topic's message was shown; edits it if a newer one exists."""
        kept = await self.topics.get(topic)
        if kept is None:
            version = await self.topics.keep(topic, self.guard(reply))
        else:
            version = kept[1] if kept[0] == reply else 0
        if place.platform in self.chats:
            await self.letters.shown(topic, place, ref, version)
            self.nudge()

    async def withdraw(self, topic: str, place: Place) -> None:
        """Show a topic no more in a place where it was never shown: the door answered otherwise."""
        await self.letters.withdraw(topic, place)

    async def is_shown(self, topic: str, place: Place, ref: str) -> bool:
        """Say whether a message shows a topic; of the place, its channel alone counts."""
        return bool(ref) and await self.letters.is_shown(topic, place, ref)

    async def thread(self, topic: str, place: Place) -> str:
        """Return the thread below a topic's message in the place's channel, "" for none there."""
        return await self.letters.thread(topic, place)

    async def current(self, topic: str) -> Reply | None:
        """Return a topic's newest message."""
        kept = await self.topics.get(topic)
        return kept[0] if kept else None

    async def _tell(self, topic: str, reply: Reply) -> None:
        for platform, messenger in self.everywhere.items():
            await messenger.edit(Place(platform), topic, reply)
        self.nudge()
