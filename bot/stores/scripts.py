"""Runs of scripts, as they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.model.scripts import ScriptRun
    from bot.ports import Effect


class ScriptRuns(Protocol):
    """One row for each run."""

    def open(self, new: ScriptRun) -> Effect[ScriptRun]:
        """Keep a new run under the next SCR-n; what it has as its id is not looked at."""
        ...

    def begin(self, run_id: str, at: datetime) -> Effect[ScriptRun]:
        """Say that it is about to be started; `Conflict` where it was, or has ended."""
        ...

    def end(self, ended: ScriptRun) -> Effect[ScriptRun]:
        """Keep how it ended; `Conflict` where it has ended already."""
        ...

    def stop(self, run_id: str, *, by: str, why: str) -> Effect[ScriptRun]:
        """Ask for its end; `Conflict` where it has ended already."""
        ...

    async def show(self, run_id: str) -> ScriptRun | None:
        """Return a run by id."""
        ...

    async def list(self, *, open_only: bool = True, limit: int = 20) -> Sequence[ScriptRun]:
        """Return runs, newest first."""
        ...
