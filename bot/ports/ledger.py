"""The audit log, and the one transaction that everything of ours is written in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from bot.model import (
        AuditCount,
        AuditPage,
        AuditQuery,
        Draft,
        Event,
        LogState,
        Principal,
        Proof,
        Reply,
        Usage,
        Verdict,
    )


class Transaction(Protocol):
    """An open database transaction; only `bot.storage` and `bot.audit` look inside."""

    @property
    def closed(self) -> bool:
        """Say whether the transaction has ended."""
        ...


T = TypeVar("T")


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


class Openings(Protocol):
    """The sensitive texts of events, which their records have only digests of."""

    async def opened(
        self, events: Sequence[Event], may_read: Callable[[Event], bool]
    ) -> Sequence[Event]:
        """Return the events with these texts in their fields, each checked against its digest.

        Where one is not to be read, was redacted, or is not what was sealed, that is said in its
        place. The stored bytes stay as they are.
        """
        ...


class AuditReader(Protocol):
    """Reads the log; every row returned is hashed again against its leaf."""

    async def search(self, query: AuditQuery) -> AuditPage:
        """Return events newest first; pages are stable while the log grows."""
        ...

    async def count(self, query: AuditQuery, *, most: int | None = None) -> AuditCount:
        """Count what matches, at `most` so many; every one is read and hashed like a result."""
        ...

    async def show(self, seq: int) -> Event | None:
        """Return one event by its sequence number, or None."""
        ...

    async def verify(self) -> Verdict:
        """Hash the whole log again and compare it with its recorded root and size."""
        ...


class Disclosures(Protocol):
    """The sensitive texts of audit events, for those who may read them."""

    def may_read(self, who: Principal) -> bool:
        """Say whether policy lets somebody read, and find by words, what others wrote freely."""
        ...

    async def shown(self, who: Principal, events: Sequence[Event]) -> Sequence[Event]:
        """Return the events with the texts that somebody may read; the others say why not."""
        ...


class Redactions(Protocol):
    """Destroys sensitive texts of the log; every proof still holds."""

    async def openings(self, number: int, field: str) -> Sequence[str]:
        """Return what a redaction destroys, as `42:params.reason`: the text, wherever it is said.

        BadInput where the event has no such text, or has it no more.
        """
        ...

    def redact(self, openings: Sequence[str], request: str) -> Effect[int]:
        """Delete them, and the same words in our other stores; return how many there were."""
        ...

    async def finish(self) -> None:
        """Destroy the keys of everything redacted; may be done again at any time."""
        ...


class MonthlyReports(Protocol):
    """The figures of a month, counted from the log."""

    async def month(self, month: str, service: str) -> Reply:
        """Return a month's report, of a service or of all; BadInput where that is no month."""
        ...


class Anchors(Protocol):
    """What others remember of the log, outside of our database."""

    async def compared(self) -> str:
        """Compare the log with what each anchor holds; return how well it is anchored, as a text.

        AuditUnavailable where an anchor remembers another log; from then on nothing is written.
        """
        ...

    async def said(self) -> str:
        """Return how well it is anchored, as far as that is known without asking."""
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


class Records(Protocol):
    """Where a record goes that must be durable and changes nothing of ours: the log, or a spool.

    What is spooled becomes an event of the log, marked late, once that can be written again.
    """

    async def record(self, draft: Draft, *effects: Effect[object], spooled: bool = False) -> bool:
        """Append to the log with the effects; else spool the draft alone, and return False.

        `spooled` says that what it follows on was spooled: then it is too, so that it stays behind
        it. AuditUnavailable, within the log's deadline, where neither could be written.
        """
        ...

    async def attempt(self, draft: Draft) -> bool:
        """Spool a refusal for want of the log; say whether it was kept. Raises nothing."""
        ...


class UsageLog(Protocol):
    """Counts what the log says of people; every event counted is hashed again."""

    async def since(self, event: int) -> Usage:
        """Count the events after a number; 0 counts them all."""
        ...

    def state(self) -> Effect[LogState]:
        """Return the log's size and root as they are in the caller's transaction."""
        ...
