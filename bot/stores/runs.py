"""Runs of runbooks, as they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model.runs import RunbookRun
    from bot.ports import Effect


class RunStore(Protocol):
    """One row for each run."""

    def open(self, new: RunbookRun) -> Effect[RunbookRun]:
        """Keep a new run under the next RUN-n; what it has as its id is not looked at."""
        ...

    def put(self, run: RunbookRun) -> Effect[RunbookRun]:
        """Keep a run as it has become, and count the move.

        `Conflict` where it has moved since it was read, `Conflict(reason=LOCKED)` where it acts on
        what another run acts on.
        """
        ...

    async def keep(self, run: RunbookRun, *effects: Effect[None]) -> None:
        """Keep a run as it goes on by itself, with effects, in a transaction without an event.

        What it does then is recorded; `Conflict` and `StoreFailed` as `put`.
        """
        ...

    async def show(self, run_id: str) -> RunbookRun | None:
        """Return a run by id."""
        ...

    async def list(
        self, *, open_only: bool = True, runbook: str = "", limit: int = 20
    ) -> Sequence[RunbookRun]:
        """Return runs, newest first; with a name those of one runbook."""
        ...

    async def pending(self, after: str = "", *, limit: int = 50) -> Sequence[RunbookRun]:
        """Return runs that wait for what they have begun, by number from after one."""
        ...

    async def late(self, now: datetime, *, limit: int = 200) -> Sequence[RunbookRun]:
        """Return the runs whose decision should have been made, or whose next look has come."""
        ...
