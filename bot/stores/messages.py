"""Messages by topic, where each has to stand, and how a conversation is reached."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.model import Place, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.ports import Effect


class TopicReader(Protocol):
    """Messages by topic: the newest reply of each."""

    async def get(self, topic: str) -> tuple[Reply, int] | None:
        """Return a topic's newest reply and version."""
        ...

    async def recent(self, *, limit: int = 20) -> Sequence[tuple[str, Reply]]:
        """Return the topics changed last, oldest first."""
        ...


class Topics(TopicReader, Protocol):
    """Messages by topic, and how a newer one is kept."""

    def put(self, topic: str, reply: Reply) -> Effect[int]:
        """Keep a topic's newest reply; returns its version, counting up from 1."""
        ...

    async def keep(self, topic: str, reply: Reply) -> int:
        """Do as `put` says, in a transaction of its own: what is on screens is not audited."""
        ...


_LETTERS = uuid.UUID("6f1c2f0e-3d0c-4a7e-9a55-0c1c9f0d7b11")


@dataclass(frozen=True)
class Letter:
    """One topic's message in one place, and how far it has come.

    `ref` is the platform's id of the message, "" until it was posted. `shown` is the version of
    the topic that stands there, 0 for none; `version` the newest one. `due` is when it is tried
    next; `trouble` is what went wrong last, and `is_dead` says that no further
    try is made until somebody asks for one.
    """

    id: int
    topic: str
    place: Place
    ref: str
    shown: int
    version: int
    due: datetime
    urgent: bool = False
    tries: int = 0
    trouble: str = ""
    is_dead: bool = False

    @property
    def key(self) -> str:
        """Return a UUID that is the same at every try, for platforms that drop what comes twice."""
        return letter_key(self.topic, self.place)


def letter_key(topic: str, place: Place) -> str:
    """Return the UUID of a topic's message in a place, whoever posts it."""
    parts = topic, place.platform, place.channel, place.thread
    return str(uuid.uuid5(_LETTERS, json.dumps(parts)))


class Letters(Protocol):
    """The outbox: which message has to be shown where, durably.

    A letter is a state, not an event: however often its topic changes while it waits, one edit
    shows the newest. Its topic has to be kept before it.
    """

    def add(self, topic: str, place: Place, *, due: datetime, urgent: bool = False) -> Effect[None]:
        """Have a topic shown in a place from `due` on; nothing where it has a letter there."""
        ...

    async def begin(self, topic: str, place: Place, *, due: datetime, urgent: bool = False) -> None:
        """Do as `add` says, in a transaction of its own."""
        ...

    async def shown(self, topic: str, place: Place, ref: str, version: int) -> None:
        """Note that a place shows a version of a topic as message `ref`, whoever posted it."""
        ...

    async def is_shown(self, topic: str, place: Place, ref: str) -> bool:
        """Say whether message `ref` shows a topic, in whatever thread of the place's channel."""
        ...

    async def thread(self, topic: str, place: Place) -> str:
        """Return the thread below a topic's first message in the place's channel, "" for none."""
        ...

    async def withdraw(self, topic: str, place: Place) -> None:
        """Drop the letter of a topic in a place where it was never shown."""
        ...

    async def waiting(self, platforms: Sequence[str], *, limit: int = 200) -> Sequence[Letter]:
        """Return what waits for these platforms: of every thread the next one before any second.

        Of those, urgent ones come first, then one of each channel, then in the order they came: a
        slow channel in which much waits keeps nobody out.
        """
        ...

    async def take(self, letter: Letter, until: datetime) -> tuple[Letter, Reply] | None:
        """Claim a letter until then; returns it with what it has to show by now.

        None when another replica has it or it changed.
        """
        ...

    async def sent(self, letter: Letter, ref: str) -> None:
        """Note that the letter's version stands there as message `ref`."""
        ...

    async def delay(self, letter: Letter, due: datetime, trouble: str) -> None:
        """Note a try that failed, and when the next one is made."""
        ...

    async def bury(self, letter: Letter, trouble: str) -> None:
        """Give a letter up, visibly: it is a dead letter until it is replayed."""
        ...

    async def dead(self, *, limit: int = 50) -> Sequence[Letter]:
        """Return the dead letters, newest first."""
        ...

    def replay(self, letter_id: int, at: datetime) -> Effect[bool]:
        """Have a dead letter tried again from `at` on; False when there is none of that id."""
        ...

    async def count(self) -> Mapping[str, int]:
        """Return how many letters wait, by platform."""
        ...


@dataclass(frozen=True)
class Reference:
    """A conversation, and how to reach it; ids only.

    `conversation` is without a thread. `bot` is our id there. `user` (an aadObjectId) is whose
    personal chat it is, "" for a conversation of several; `team` is the team a channel belongs to.
    `is_blocked` says that Teams refused to write there (`MessageWritesBlocked`).
    """

    conversation: str
    service_url: str
    tenant: str
    bot: str
    user: str = ""
    team: str = ""
    is_blocked: bool = False


class References(Protocol):
    """Keeps references across restarts; every write is idempotent."""

    async def put(self, reference: Reference) -> None:
        """Remember a conversation, in place of what was known of it."""
        ...

    async def get(self, conversation: str) -> Reference | None:
        """Return how to reach a conversation, or None where we are not."""
        ...

    async def personal(self, tenant: str, user: str) -> Reference | None:
        """Return somebody's own chat with us, or None where there is none yet."""
        ...

    async def forget(self, conversation: str) -> None:
        """Forget a conversation, and every channel of the team of that id."""
        ...
