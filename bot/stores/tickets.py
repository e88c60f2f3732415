"""How far a vendor's tickets have come with our changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.model import TicketApproval, TicketState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from bot.model import Change
    from bot.ports import Effect


@dataclass(frozen=True)
class Following:
    """How far the ticket of one change has come.

    `system` is where it is, as people call it. `revision` counts what happened to the change,
    `shown` is the revision that the ticket shows
    (0 for none). `sent` is when the ticket was asked for, None before that; while `number` is ""
    and `sent` is not None, whether it exists is looked up before it is ever asked for again. `due`
    is when it is tried next, and whoever takes it moves that ahead; `look` when it is read next.
    `since` is how long it has been refused, and `is_dead` says that no further try is made until
    the change changes or Wardroom starts again.
    """

    change: str
    system: str
    correlation: str
    revision: int
    shown: int
    due: datetime
    look: datetime
    number: str = ""
    url: str = ""
    state: TicketState = TicketState.UNKNOWN
    approval: TicketApproval = TicketApproval.NONE
    conflicts: tuple[str, ...] = ()
    sent: datetime | None = None
    tries: int = 0
    since: datetime | None = None
    trouble: str = ""
    is_dead: bool = False

    @property
    def said(self) -> str:
        """Return where the ticket is, or that it is pending and why, in one line."""
        why = f": {self.trouble}" if self.trouble else ""
        if not self.number:
            given_up = ", given up" if self.is_dead else ""
            return f"pending at {self.system}{given_up}{why}"
        late = f", not up to date there{why}" if self.shown < self.revision else ""
        return (
            f"{self.system} {self.number}, {self.state.replace('_', ' ')}{late} {self.url}".strip()
        )


class TicketReader(Protocol):
    """The tickets of changes, for who shows them."""

    async def of(self, change: str) -> Following | None:
        """Return what is known of a change's ticket; None where no ticket follows it."""
        ...

    async def given_up(self) -> Sequence[Following]:
        """Return those that are not tried any more, the oldest change first."""
        ...

    def retry(self, change: str) -> Effect[bool]:
        """Have a ticket tried again now; False where it shows all that it should.

        Nothing is forgotten by it: a ticket that may be there is looked for first, as always.
        """
        ...


class Tickets(TicketReader, Protocol):
    """The tickets of changes, and what their follower notes.

    `take`, `save` and `note` count for who has the row still: its `due` is what they have read.
    """

    def begin(self, change: Change) -> Effect[None]:
        """Have a ticket follow a change from now on."""
        ...

    def moved(self, change: str) -> Effect[None]:
        """Say that a change changed; nothing where no ticket follows it."""
        ...

    async def waiting(self, now: datetime, *, limit: int) -> Sequence[Following]:
        """Return those that show less than they should and are due, the longest due first."""
        ...

    async def to_read(self, now: datetime, *, limit: int) -> Sequence[Following]:
        """Return those of open changes that are to be read again, the longest unread first."""
        ...

    async def sooner(self, numbers: Collection[str], now: datetime) -> int:
        """Have those of these tickets that are known read now; return how many they are."""
        ...

    async def take(self, row: Following, until: datetime) -> Following | None:
        """Claim a row until then; None when another replica has it."""
        ...

    async def save(self, row: Following, due: datetime) -> Following | None:
        """Write a claimed row; None when it was not ours any more."""
        ...

    def note(self, row: Following, due: datetime) -> Effect[Following]:
        """Do as `save` says, in the caller's transaction; `Conflict` when it is not ours."""
        ...

    async def revive(self, now: datetime) -> None:
        """Have those that were given up tried again."""
        ...

    async def count(self) -> tuple[int, int]:
        """Return how many show less than they should, and how many of them were given up."""
        ...
