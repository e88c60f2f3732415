"""Notices that show at once, without a store: what a door's own tests need of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.errors import IntegrationError
from bot.model import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.model import Reply
    from bot.ports import Messenger

LOG = structlog.get_logger(__name__)


class MemoryTopics(Protocol):
    """Topics and where they were shown, while a test runs."""

    async def put(self, topic: str, reply: Reply) -> int: ...

    async def get(self, topic: str) -> tuple[Reply, int] | None: ...

    async def add_post(self, topic: str, place: Place, ref: str) -> None: ...

    async def posts(self, topic: str) -> Sequence[tuple[Place, str]]: ...


@dataclass
class DirectNotices:
    """Keeps each topic's newest message and has the platforms show it.

    `everywhere` names the platforms that show every topic (the web console).
    """

    topics: MemoryTopics
    guard: Callable[[Reply], Reply]
    messengers: dict[str, Messenger] = field(default_factory=dict)
    everywhere: tuple[str, ...] = ()

    async def publish(self, topic: str, reply: Reply) -> None:
        """Make `reply` the topic's message everywhere it was shown; the newest one wins."""
        clean = self.guard(reply)
        await self.topics.put(topic, clean)
        posts = await self.topics.posts(topic)
        for place, ref in posts:
            await self._edit(place, ref, clean)
        for platform in set(self.everywhere) - {place.platform for place, _ in posts}:
            await self._edit(Place(platform), topic, clean)

    async def announce(self, topic: str, place: Place) -> None:
        """Show a topic's message in a place; nothing where it is shown there already."""
        messenger = self.messengers.get(place.platform)
        kept = await self.topics.get(topic)
        shown = [where for where, _ in await self.topics.posts(topic)]
        if messenger is None or kept is None or place in shown:
            return
        try:
            ref = await messenger.post(place, kept[0])
        except IntegrationError as error:
            LOG.warning(
                "a notice was not shown",
                topic=topic,
                platform=place.platform,
                why=type(error).__name__,
            )
            return
        await self.shown(topic, place, ref, kept[0])

    async def shown(self, topic: str, place: Place, ref: str, reply: Reply) -> None:
        """Remember where a topic's message was shown; edits it if a newer one exists."""
        await self.topics.add_post(topic, place, ref)
        kept = await self.topics.get(topic)
        if kept is None:
            await self.topics.put(topic, self.guard(reply))
        elif kept[0] != reply:
            await self._edit(place, ref, kept[0])

    async def withdraw(self, topic: str, place: Place) -> None:
        """Promise nothing there, as nothing ever was."""

    async def is_shown(self, topic: str, place: Place, ref: str) -> bool:
        """Say whether a message shows a topic; of the place, its channel alone counts."""
        posts = await self.topics.posts(topic)
        return (place.channel, ref) in [(where.channel, known) for where, known in posts]

    async def thread(self, topic: str, place: Place) -> str:
        """Return the thread below a topic's message in the place's channel, "" for none there."""
        posts = await self.topics.posts(topic)
        found = [where.thread or ref for where, ref in posts if where.channel == place.channel]
        return found[0] if found else ""

    async def current(self, topic: str) -> Reply | None:
        """Return a topic's newest message."""
        kept = await self.topics.get(topic)
        return kept[0] if kept else None

    async def _edit(self, place: Place, ref: str, reply: Reply) -> None:
        messenger = self.messengers.get(place.platform)
        if messenger is None:
            return
        try:
            await messenger.edit(place, ref, reply)
        except IntegrationError as error:
            LOG.warning(
                "a notice was not edited", platform=place.platform, why=type(error).__name__
            )
