"""What the engine keeps, as small Protocols; `bot/storage` implements them.

Every write is an `Effect`: it happens in the same transaction as the audit event that says so.
Reads are plain coroutines. All times are aware and in UTC.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.model import Place, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.model import (
        Account,
        Approval,
        Deploy,
        DeployState,
        Request,
        RequestState,
        Step,
    )
    from bot.ports import Effect


class Deliveries(Protocol):
    """Which deliveries were seen, and what was answered first."""

    def claim(self, key: str, at: datetime, answer: str | None = None) -> Effect[None]:
        """Claim a delivery; `Conflict(reason=DUPLICATE)` when somebody has it already.

        `answer` is the first answer (a Reply as JSON), where that is known at once.
        """
        ...

    def answer(self, key: str, answer: str) -> Effect[None]:
        """Keep the first answer (a Reply as JSON) beside its claim."""
        ...

    async def seen(self, key: str) -> str | None:
        """Return the first answer, "" while there is none yet, None for a new delivery."""
        ...

    def forget(self, before: datetime) -> Effect[int]:
        """Drop claims older than `before`; returns how many."""
        ...


class Requests(Protocol):
    """Requests that wait for approval: a row each, nothing running, so thousands cost nothing."""

    def open(self, request: Request) -> Effect[Request]:
        """Keep a new request under the next REQ-n (the id given is ignored)."""
        ...

    def approve(self, request_id: str, digest: str, approval: Approval) -> Effect[Request]:
        """Add one human's approval.

        `Conflict` with the reason that says why it does not count: EXPIRED, REJECTED, CANCELLED
        or SUPERSEDED when it ended so, DUPLICATE when it was approved already or this person is
        counted already, SUPERSEDED when `digest` is not the proposal's.
        """
        ...

    def end(
        self, request_id: str, state: RequestState, *, by: str, at: datetime, why: str = ""
    ) -> Effect[Request]:
        """End a pending request, exactly once; the same `Conflict`s when it has ended."""
        ...

    async def show(self, request_id: str) -> Request | None:
        """Return a request by id."""
        ...

    async def pending(self, *, requester: str = "", limit: int = 100) -> Sequence[Request]:
        """Return what waits, newest first."""
        ...

    async def due(self, now: datetime, *, limit: int = 100) -> Sequence[str]:
        """Return the ids of pending requests whose time is over."""
        ...


class DeployStore(Protocol):
    """The history of deploys, and the lock of each service and environment."""

    def open(self, deploy: Deploy) -> Effect[Deploy]:
        """Keep a deploy under the next DEP-n and take its lock, at most one per environment.

        Idempotent by `deploy.request` when it has one: the deploy of that request is returned.
        `Conflict(reason=LOCKED)` names the deploy that holds the lock.
        """
        ...

    def note(
        self,
        deploy_id: str,
        *,
        steps: Sequence[Step] | None = None,
        build: str | None = None,
        replaced: str | None = None,
        change: str | None = None,
    ) -> Effect[Deploy]:
        """Write down progress; None leaves a field as it is."""
        ...

    def end(
        self, deploy_id: str, state: DeployState, *, outcome: str, at: datetime
    ) -> Effect[Deploy]:
        """End a deploy once and release its lock; UNKNOWN keeps the lock until settled."""
        ...

    async def show(self, deploy_id: str) -> Deploy | None:
        """Return a deploy by id."""
        ...

    async def list(
        self, *, service: str = "", environment: str = "", running: bool = False, limit: int = 20
    ) -> Sequence[Deploy]:
        """Return deploys, newest first; `running` leaves out those that ended."""
        ...

    async def holder(self, service: str, environment: str) -> str:
        """Return the deploy that holds the lock, or ""."""
        ...


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
    the topic that stands there, 0 for none; `version` the newest one, which is `reply`. `due` is
    when it is tried next; `trouble` is what went wrong last, and `is_dead` says that no further
    try is made until somebody asks for one.
    """

    id: int
    topic: str
    place: Place
    ref: str
    shown: int
    version: int
    reply: Reply
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

    async def take(self, letter: Letter, until: datetime) -> bool:
        """Claim a letter until then; False when another replica has it or it changed."""
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
class Link:
    """An account joined to a person by a code; `by` is the person who did it."""

    account: Account
    person: str
    at: datetime
    by: str


@dataclass(frozen=True)
class LinkCode:
    """A one-time code, known by the SHA-256 of its letters; `maker` is where it was asked for."""

    hash: str
    person: str
    maker: Account
    expires: datetime
    is_used: bool = False


class Links(Protocol):
    """Which accounts their owners have joined to people, and the codes for it."""

    async def list(self) -> Sequence[Link]:
        """Return every link."""
        ...

    def add(self, link: Link) -> Effect[bool]:
        """Join an account to a person; False when it is joined to somebody already."""
        ...

    def remove(self, account: Account) -> Effect[bool]:
        """End a link, and the codes that this account made; False when there was none."""
        ...

    def offer(self, code: LinkCode, *, forget: datetime) -> Effect[None]:
        """Keep a code in place of the same person's others; forget what expired before `forget`."""
        ...

    def find(self, hashed: str) -> Effect[LinkCode | None]:
        """Return a code by its hash, used and expired ones too; takes as long for a near miss."""
        ...

    def use(self, hashed: str) -> Effect[None]:
        """Mark a code as used."""
        ...

    def tries(self, account: Account, since: datetime) -> Effect[Sequence[datetime]]:
        """Return when an account typed wrong codes since a moment; older ones are forgotten."""
        ...

    def add_try(self, account: Account, at: datetime) -> Effect[None]:
        """Note that an account typed a wrong code."""
        ...


@dataclass(frozen=True)
class SavedSearch:
    """A search of the audit log that somebody keeps: what is typed after `audit search`."""

    person: str
    name: str
    query: str
    at: datetime


class SavedSearches(Protocol):
    """Each person's own searches, by name; nobody has another's."""

    def save(self, search: SavedSearch) -> Effect[None]:
        """Keep a search in place of one with the same name; Refused where there are too many."""
        ...

    def drop(self, person: str, name: str) -> Effect[bool]:
        """Drop somebody's search; False when there was none."""
        ...

    async def list(self, person: str) -> Sequence[SavedSearch]:
        """Return somebody's searches by name."""
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
