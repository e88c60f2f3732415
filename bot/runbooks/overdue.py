"""Decisions that nobody made in time: the run stands still and says so; nothing is decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.errors import AuditUnavailable, Conflict, StoreFailed
from bot.model import Draft, Kind, Reason, Visibility
from bot.runbooks.card import card
from bot.runbooks.going import Stand, stand

if TYPE_CHECKING:
    from bot.model.runs import RunbookRun
    from bot.notices import TopicNotices
    from bot.ports import Clock, Ledger, Transaction
    from bot.stores.runs import RunStore

LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Overdue:
    """Looks at all runs that wait, with one question to the database."""

    runs: RunStore
    ledger: Ledger
    notices: TopicNotices
    clock: Clock

    async def look(self) -> None:
        """Stop what is too late; of several replicas that look, one does."""
        try:
            for run in await self.runs.late(self.clock.now()):
                await self._stop(run)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("late decisions are looked at once the database can be written")

    async def _stop(self, run: RunbookRun) -> None:
        at = stand(run)
        step = at.step.id if at.step else ""
        why = f"Nobody decided `{step}` in time, so nothing was decided."
        moved = at.stopped(why, self.clock.now())
        topic = f"{run.id}-late-{run.moves}"
        # A message of its own: one that is edited rings nowhere.
        told = card(Stand(moved, at.book))
        ringing = replace(told, topic=topic, reason=Reason.EXPIRED, visibility=Visibility.PUBLIC)
        put = self.runs.put(moved)

        def effect(tx: Transaction) -> None:
            put(tx)
            self.notices.keep(run.id, told)(tx)
            self.notices.keep(topic, ringing)(tx)
            self.notices.promise(topic, run.place)(tx)

        draft = Draft(
            kind=Kind.ENDED,
            verb="runbook decide",
            correlation=run.correlation,
            person=run.person,
            params={"run": run.id, "step": step},
            reason=Reason.EXPIRED,
            text=why,
        )
        try:
            await self.ledger.append(draft, effect)
        except Conflict:
            LOG.info("a run was decided in the last moment", run=run.id)
            return
        await self.notices.tell(run.id)
        await self.notices.tell(topic)
