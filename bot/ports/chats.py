"""What is said, and where: the road, the chats and the messages kept in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.model import Invocation, Place, Reply
    from bot.ports.ledger import Effect


class Messenger(Protocol):
    """One platform's way to show and edit messages; adapters implement it."""

    @property
    def platform(self) -> str:
        """Return the platform's name, as in `Place.platform`."""
        ...

    @property
    def spacing(self) -> float:
        """Return the seconds to leave between two messages or edits in one channel."""
        ...

    async def post(self, place: Place, reply: Reply, *, key: str = "") -> str:
        """Show a reply in a place; return the platform's reference of that message.

        A platform that drops what comes twice is told `key`, a UUID. `Throttled` where it says
        when to come back, `Unreachable` where it did not answer, `Rejected` where it refused.
        """
        ...

    async def edit(self, place: Place, ref: str, reply: Reply) -> None:
        """Replace a message in place, controls included; the same errors."""
        ...


class Rooms(Protocol):
    """One platform's way to open a room for one matter: a channel, or a thread in one."""

    async def open_room(self, title: str, *, beside: str, members: Sequence[str]) -> Place:
        """Open a room and call people in; returns the place to post to.

        `title` is shown to everybody and has to be clean. `beside` is a channel's id, with or
        without `platform:`; the room is in it, in its team, or in its workspace. `members` are
        the platform's own ids; who cannot be called in is left out, and the room says so. Not
        idempotent. The errors are those of `Messenger.post`; `Rejected` says the mend.
        """
        ...


class NoticeBoard(Protocol):
    """Messages that are edited in place, by topic, as a door sees them."""

    async def announce(self, topic: str, place: Place) -> None:
        """Show a topic's message in a place; nothing where it is shown there already."""
        ...

    async def shown(self, topic: str, place: Place, ref: str, reply: Reply) -> None:
        """Remember where an adapter showed a topic's message; edits it if a newer one exists."""
        ...

    async def withdraw(self, topic: str, place: Place) -> None:
        """Show a topic no more in a place where it was never shown: the door answered otherwise."""
        ...

    async def is_shown(self, topic: str, place: Place, ref: str) -> bool:
        """Say whether a message shows a topic; of the place, its channel alone counts."""
        ...

    async def thread(self, topic: str, place: Place) -> str:
        """Return the thread below a topic's message in the place's channel, "" for none there."""
        ...

    async def current(self, topic: str) -> Reply | None:
        """Return a topic's newest message."""
        ...


class Notices(NoticeBoard, Protocol):
    """Messages that are edited in place, by topic (REQ-12, DEP-3), wherever they were shown."""

    def keep(self, topic: str, reply: Reply) -> Effect[None]:
        """Make `reply` the topic's message in the caller's transaction; `tell` when it is over."""
        ...

    def promise(self, topic: str, place: Place, *, by_door: bool = False) -> Effect[None]:
        """Have a topic shown in a place; `by_door` where the door that was asked does it at once.

        It is shown once, and even if the door dies before it comes to it.
        """
        ...

    async def tell(self, topic: str) -> None:
        """Show what was kept, now that its transaction is over."""
        ...

    async def publish(self, topic: str, reply: Reply) -> None:
        """Make `reply` the topic's message everywhere it was shown; the newest one wins."""
        ...


class Road(Protocol):
    """The one way in: what every adapter, button, form, schedule and runbook step calls."""

    async def handle(self, invocation: Invocation) -> Reply:
        """Take an invocation down the road; never raises, every ending is a Reply."""
        ...
