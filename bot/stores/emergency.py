"""Break-glass and stop-all, as they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bot.ports.control import Halts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.ports import Effect
    from bot.ports.control import Grant, Halt


class Grants(Protocol):
    """Every use of break-glass."""

    def open(self, grant: Grant) -> Effect[Grant]:
        """Keep a grant under the next BG-n (the id given is ignored).

        Whoever opens another one meanwhile waits until this transaction ends.
        """
        ...

    def end(self, grant_id: str, *, by: str, at: datetime) -> Effect[Grant]:
        """End a grant once; `Conflict` says how it had ended."""
        ...

    async def saw(self, grant_id: str, at: datetime) -> None:
        """Note that a grant was in force at a moment; only ever later ones."""
        ...

    async def show(self, grant_id: str) -> Grant | None:
        """Return a grant by id."""
        ...

    async def list(self, *, open_only: bool = False, limit: int = 20) -> Sequence[Grant]:
        """Return grants, newest first; `open_only` leaves out those that were ended."""
        ...


class HaltStore(Halts, Protocol):
    """Stop-all; at most one halt is in force."""

    def begin(self, halt: Halt) -> Effect[Halt]:
        """Halt everything under the next HALT-n; `Conflict` where it stands still already."""
        ...

    def lift(self, halt_id: str, *, by: Sequence[str], why: str, at: datetime) -> Effect[Halt]:
        """Let everything go on; `Conflict` where that halt is not in force."""
        ...
