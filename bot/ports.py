"""What the engine asks of the outside, as small Protocols that state their promise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.model import (
        Account,
        AuditPage,
        AuditQuery,
        Build,
        Change,
        ChangeResult,
        Draft,
        Event,
        Invocation,
        Json,
        LogState,
        NewChange,
        Place,
        Principal,
        Probe,
        Proof,
        Reply,
        Service,
        Usage,
        Verdict,
    )

T = TypeVar("T")


class Transaction(Protocol):
    """An open database transaction; only `bot.storage` and `bot.audit` look inside."""

    @property
    def closed(self) -> bool:
        """Say whether the transaction has ended."""
        ...


Effect: TypeAlias = Callable[[Transaction], T]
"""A change of our own state, applied in the same transaction as its audit event.

It may read and write through the transaction and raise `Conflict`, in which case neither the
event nor the change happens. It must not do I/O of its own and must not block.
"""


@dataclass(frozen=True)
class Batched(Generic[T]):
    """An Effect that the log's writer may apply for many entries with one statement.

    `apply` takes the items of all those entries, in their order, and returns for each why it did
    not happen, or None. It raises nothing that is one item's alone.
    """

    item: T
    apply: Callable[[Transaction, Sequence[T]], Sequence[Exception | None]]

    def __call__(self, tx: Transaction) -> None:
        """Apply it alone, as any other effect."""
        (error,) = self.apply(tx, [self.item])
        if error is not None:
            raise error


Drafting: TypeAlias = "Draft | Callable[[tuple[object, ...]], Draft]"


@dataclass(frozen=True)
class Recorded:
    """A durable event and what its effects returned, in their order."""

    event: Event
    results: tuple[object, ...] = ()


class Clock(Protocol):
    """The time; tests turn it."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class Ledger(Protocol):
    """The append-only log and the transaction that everything of ours is written in.

    Durability: `append` returns after the event and its effects are committed and fsynced.
    Order: events have contiguous sequence numbers in commit order, across threads and replicas.
    Failure: `AuditUnavailable` when it could not be written within its deadline (2 s by default);
    an effect's own `Conflict` otherwise. Never retried here.
    """

    async def append(self, draft: Drafting, *effects: Effect[object]) -> Recorded:
        """Apply the effects in order, then record the event, all or nothing.

        A callable `draft` is given the effects' results, so that the event can name the ids that
        they made.
        """
        ...


class AuditReader(Protocol):
    """Reads the log; every row returned is hashed again against its leaf."""

    async def search(self, query: AuditQuery) -> AuditPage:
        """Return events newest first; pages are stable while the log grows."""
        ...

    async def show(self, seq: int) -> Event | None:
        """Return one event by its sequence number, or None."""
        ...

    async def verify(self) -> Verdict:
        """Hash the whole log again and compare it with its recorded root and size."""
        ...


class AuditProver(Protocol):
    """Proves to somebody outside what is in the log; Conflict where that cannot be proved."""

    async def checkpoint(self) -> str:
        """Return the signed note of the log as it is now."""
        ...

    async def inclusion(self, seq: int) -> Proof | None:
        """Return the proof that an event is in the log, None where there is no such event."""
        ...

    async def consistency(self, old: int | str, new: int | None = None) -> Proof:
        """Return the proof that the log of `new` events, or of now, begins with an earlier one.

        The earlier one is named by its size or by a signed checkpoint that was kept, whose root
        must be the one that the log had. BadInput where no log was like that yet.
        """
        ...


class UsageLog(Protocol):
    """Counts what the log says of people; every event counted is hashed again."""

    async def since(self, event: int) -> Usage:
        """Count the events after a number; 0 counts them all."""
        ...

    def state(self) -> Effect[LogState]:
        """Return the log's size and root as they are in the caller's transaction."""
        ...


class Directory(Protocol):
    """The people: accounts join into one Principal per human, only as the people file says."""

    def identify(self, account: Account) -> Principal | None:
        """Return whose account this is, or None; e-mail equality alone never links."""
        ...

    def person(self, person_id: str) -> Principal | None:
        """Return a person by id, with the roles they hold now."""
        ...

    def people(self) -> Sequence[Principal]:
        """Return everybody, by id."""
        ...


class Catalogue(Protocol):
    """The services and their environments, as the estate file declares them."""

    def service(self, service_id: str) -> Service | None:
        """Return a service by its exact id."""
        ...

    def services(self) -> Sequence[Service]:
        """Return every service, by id."""
        ...

    def environments(self) -> Sequence[str]:
        """Return the names of all environments."""
        ...


class Ci(Protocol):
    """A CI server. Every call ends within its timeout.

    Errors: `Unreachable` (nothing known), `Rejected` (bad credentials, no such thing), both with
    one clear sentence. A malformed answer is `Unreachable`, never green. Only `trigger` and
    `deploy` change anything over there; they are never retried here.
    """

    async def resolve(self, service: Service, ref: str) -> str:
        """Return the 40-hex commit that a version, tag, branch or commit is now.

        `Rejected` where the repository has no such ref.
        """
        ...

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        """Return the builds of the commit that `ref` is now, newest first."""
        ...

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        """Return the newest builds of a service, whatever the ref."""
        ...

    async def build(self, build_id: str) -> Build:
        """Return one build with its stages and failing tests."""
        ...

    async def log_tail(self, build_id: str, *, lines: int = 40) -> str:
        """Return the last lines of the log of the stage that matters (failed, else last)."""
        ...

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Ask for a build of `ref`; returns it queued, findable by `correlation`."""
        ...

    async def deploy(
        self, service: Service, version: str, commit: str, environment: str, *, correlation: str
    ) -> Build:
        """Ask for the deploy job to run; returns it queued, findable by `correlation`."""
        ...

    async def find(self, service: Service, correlation: str) -> Build | None:
        """Return the build or deploy asked for with `correlation`; None when there is none.

        `Unreachable` when that cannot be said.
        """
        ...


class ChangeTickets(Protocol):
    """A change register (ITIL). Built in, or a vendor's.

    `open`, `link` and `close` return effects where the register is ours, so that the record and
    its audit event are one transaction.
    """

    def open(self, new: NewChange) -> Effect[Change]:
        """Open a change; the window defaults to four hours from now. Idempotent by correlation."""
        ...

    def link(
        self, number: str, *, request: str = "", deploy: str = "", approvers: Sequence[str] = ()
    ) -> Effect[Change]:
        """Add links to the request, the deploy and who approved."""
        ...

    def close(self, number: str, result: ChangeResult, note: str) -> Effect[Change]:
        """Close a change with its result; `Conflict` when it is closed already."""
        ...

    async def show(self, number: str) -> Change | None:
        """Return a change by number."""
        ...

    async def list(
        self, *, service: str = "", open_only: bool = True, limit: int = 20
    ) -> Sequence[Change]:
        """Return changes, newest first."""
        ...


class Prober(Protocol):
    """Asks a service how it is: states, counts and versions, never payload; at most 10 s."""

    async def version(self, probe: Probe) -> str:
        """Return the version that answers; `Unreachable` or `Rejected` with a sentence."""
        ...


class Engine(Protocol):
    """Durable execution: a workflow survives a kill and repeats no completed step.

    Steps are at-least-once: one that was cut short runs again, so each looks before it acts.
    """

    def start(self, workflow: str, key: str) -> Effect[None]:
        """Start a registered workflow for `key` in the caller's transaction; once per key."""
        ...

    async def wait(self, workflow: str, key: str, *, seconds: float) -> bool:
        """Wait until the workflow has ended, at most `seconds`; say whether it has."""
        ...


class Steps(Protocol):
    """What a running workflow uses; each named step runs once to completion, then is remembered."""

    async def run(self, name: str, step: Callable[[], Awaitable[Mapping[str, Json]]]) -> Json:
        """Run a step, or return what it returned before a restart. Results are plain JSON."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep durably: a restart sleeps only what is left."""
        ...


Workflow: TypeAlias = Callable[[Steps, str], Awaitable[None]]
"""A workflow's body, given its steps and its key; deterministic between steps."""


@dataclass(frozen=True)
class Freeze:
    """A time in which changes are not made; `owner` is who can answer questions about it."""

    name: str
    owner: str
    reason: str
    start: datetime
    end: datetime
    environments: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


class Freezes(Protocol):
    """The freeze calendar."""

    def active(self, service: str, environment: str, at: datetime) -> Freeze | None:
        """Return the freeze that holds a service's environment at a moment, or None."""
        ...


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
