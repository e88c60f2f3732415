"""Runs whose time has come: a wait looks again, and a decision that nobody made stops its run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.errors import AuditUnavailable, Conflict, Refused, StoreFailed
from bot.model import Draft, Kind, Reason
from bot.model.runs import RunState
from bot.runbooks.card import card
from bot.runbooks.document import WaitUntil
from bot.runbooks.flow import WORKFLOW
from bot.runbooks.going import Stand, leg, stand
from bot.runbooks.ringing import ringing, topic_of

if TYPE_CHECKING:
    from bot.model.runs import RunbookRun
    from bot.notices import TopicNotices
    from bot.ports import Clock, Engine, Ledger, Transaction
    from bot.stores.runs import RunStore

LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Overdue:
    """Looks at all runs that wait, with one question to the database."""

    runs: RunStore
    engine: Engine
    ledger: Ledger
    notices: TopicNotices
    clock: Clock

    async def look(self) -> None:
        """Wake what waits for its time, stop what is too late; of several replicas, one does."""
        try:
            for run in await self.runs.late(self.clock.now()):
                await self._turn(run)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("late decisions are looked at once the database can be written")

    async def _turn(self, run: RunbookRun) -> None:
        try:
            at = stand(run)
            await (self._wake(run) if isinstance(at.step, WaitUntil) else self._stop(at))
        except Conflict:
            LOG.info("a run was moved in the last moment", run=run.id)
        except Refused as error:  # its file is read no more: the others go on
            LOG.error("a run cannot go on", run=run.id, why=error.text)  # noqa: TRY400 - its text says all there is to say

    async def _wake(self, run: RunbookRun) -> None:
        """Have a run look again; what it types then is recorded as ever."""
        moved = replace(run, state=RunState.RUNNING, due=None, leg=run.moves + 1)
        await self.runs.keep(moved, self.engine.start(WORKFLOW, leg(moved)))

    async def _stop(self, at: Stand) -> None:
        run = at.run
        step = at.step.id if at.step else ""
        why = f"Nobody decided `{step}` in time, so nothing was decided."
        moved = at.stopped(why, self.clock.now())
        stopped = Stand(moved, at.book)
        told, ring, put = card(stopped), ringing(self.notices, stopped), self.runs.put(moved)

        def effect(tx: Transaction) -> None:
            put(tx)
            self.notices.keep(run.id, told)(tx)
            ring(tx)

        draft = Draft(
            kind=Kind.ENDED,
            verb="runbook decide",
            correlation=run.correlation,
            person=run.person,
            params={"run": run.id, "step": step},
            reason=Reason.EXPIRED,
            text=why,
        )
        await self.ledger.append(draft, effect)
        await self.notices.tell(run.id)
        await self.notices.tell(topic_of(stopped))
