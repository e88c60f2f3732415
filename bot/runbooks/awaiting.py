"""Runs that wait for what they have begun: a request that is approved, a deploy that ends.

Each is a row. The ticker looks at some of them at a time, and whatever has come to something is
told to its run in a leg of its own, where it is asked again and kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import AuditUnavailable, Conflict, StoreFailed
from bot.model import Draft, Kind, StepState
from bot.model.runs import RunState
from bot.runbooks.flow import WORKFLOW
from bot.runbooks.going import leg

if TYPE_CHECKING:
    from bot.model.runs import RunbookRun
    from bot.ports import Clock, Engine, Ledger, Transaction
    from bot.runbooks.acting import Outcomes
    from bot.stores.runs import RunStore

AT_ONCE: Final = 50
"""Runs that are looked at with one question to the database; the next look has the next ones."""

LOG = structlog.get_logger(__name__)


@dataclass
class Awaiting:
    """Wakes runs whose request or deploy has ended."""

    runs: RunStore
    outcomes: Outcomes
    engine: Engine
    ledger: Ledger
    clock: Clock
    _after: str = field(default="")

    async def look(self) -> None:
        """Wake what can go on; of several replicas that look, one does."""
        try:
            found = await self.runs.pending(self._after, limit=AT_ONCE)
            self._after = found[-1].id if len(found) == AT_ONCE else ""
            for run in found:
                if run.act and (await self.outcomes.look(run.act)).state is not StepState.WAITING:
                    await self._wake(run)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("runs that wait are looked at once the database can be written")

    async def _wake(self, run: RunbookRun) -> None:
        moved = replace(
            run, state=RunState.RUNNING, leg=run.moves + 1, changed=self.clock.now(), why=""
        )
        put = self.runs.put(moved)

        def effect(tx: Transaction) -> None:
            self.engine.start(WORKFLOW, leg(put(tx)))(tx)

        awaits = run.act.awaits if run.act else ""
        draft = Draft(
            kind=Kind.SYSTEM,
            verb="runbook wake",
            correlation=run.correlation,
            person=run.person,
            params={"run": run.id, "awaits": awaits},
            text=f"{awaits} has ended",
        )
        try:
            await self.ledger.append(draft, effect)
        except Conflict:
            LOG.info("a run was woken by somebody else", run=run.id)
