"""A hospital's own ticket system, whose tickets follow our changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Change, Ticket


class TicketSystem(Protocol):
    """One vendor's change tickets.

    The errors are the vendor's sentences: `Rejected` where surely nothing happened there,
    `Unreachable` where that is not known. Every change that comes in has passed the guard.
    """

    @property
    def name(self) -> str:
        """Return what people call the system."""
        ...

    @property
    def settles(self) -> timedelta:
        """Return how long after a ticket was asked for `find` may not show it yet."""
        ...

    async def find(self, correlation: str) -> Ticket | None:
        """Return the ticket that was asked for with `correlation`; None where there is none.

        `Unreachable` when that cannot be said.
        """
        ...

    async def create(self, change: Change, correlation: str) -> Ticket:
        """Open a ticket, findable by `correlation`; sent once, never retried."""
        ...

    async def update(self, number: str, change: Change) -> Ticket:
        """Make a ticket say what the change says, and take it as far as the vendor lets us.

        One that has ended there stays as it is.
        """
        ...

    async def close(self, number: str, change: Change) -> Ticket:
        """End a ticket as the change ended; one that has ended there stays as it is.

        `Rejected` where the vendor keeps it open, with what it waits for.
        """
        ...

    async def read(self, number: str) -> Ticket:
        """Return a ticket as it is now."""
        ...

    async def conflicts(self, number: str) -> Sequence[str] | None:
        """Have a ticket compared with the vendor's calendars now; return the kinds of conflict.

        None where the vendor has no calendars for it. An `IntegrationError` where it cannot be
        told: that is never "none".
        """
        ...

    async def look(self) -> str:
        """Read one thing with our credentials; return what was read, in a few words."""
        ...
