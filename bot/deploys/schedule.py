"""Starts the deploys whose moment has come; what was missed is not run, and says so.

A scheduled deploy is a row and nothing that runs. Every replica looks every few seconds; the row
is started once, because its state, its lock, the start of its flow and the audit event are one
transaction. Everything else that may stop it is asked by the flow, right before the trigger.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.deploys.card import card, topic
from bot.deploys.flow import WORKFLOW
from bot.errors import AuditUnavailable, Conflict, StoreFailed
from bot.model import ChangeResult, Kind, Place, Reason, Reply, Visibility
from bot.moments import written

if TYPE_CHECKING:
    from bot.deploys.journal import Journal
    from bot.model import Deploy
    from bot.ports import ChangeTickets, Effect, Engine, Transaction
    from bot.stores import Locks

GRACE: Final = timedelta(minutes=30)
"""How late a deploy may start: after that it is not run (docs/deploys.md says so)."""

LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Schedule:
    """The scheduled deploys, and the look at them."""

    journal: Journal
    changes: ChangeTickets
    engine: Engine
    locks: Locks

    async def look(self) -> None:
        """Start what is due and end what was missed."""
        try:
            for deploy_id in await self.journal.deploys.due(self.journal.clock.now()):
                await self._one(deploy_id)
        except (AuditUnavailable, StoreFailed):
            LOG.warning("scheduled deploys are looked at once the database can be written")

    async def _one(self, deploy_id: str) -> None:
        deploy = await self.journal.deploy(deploy_id)
        if deploy.planned is None:
            return
        try:
            if self.journal.clock.now() > deploy.planned + GRACE:
                await self._miss(deploy)
            else:
                await self._start(deploy)
        except Conflict as conflict:
            if conflict.reason is Reason.CHANGE_REQUIRED:
                await self._without_change(deploy, conflict.text)
            elif conflict.reason is not Reason.LOCKED:
                LOG.info("another replica was first", deploy=deploy_id)
            # Where its environment is held it goes on waiting, as long as the grace lasts.

    async def _start(self, deploy: Deploy) -> None:
        begin = self.journal.deploys.begin(deploy.id, self.journal.clock.now())

        def effect(tx: Transaction) -> Deploy:
            begun = begin(tx)
            if begun.change:
                self.changes.link(begun.change, deploy=begun.id)(tx)
            self.engine.start(WORKFLOW, begun.id)(tx)
            self.journal.notices.keep(topic(begun), card(begun))(tx)
            return begun

        draft = self.journal.draft(deploy, Kind.SYSTEM, "deploy start")
        await self.journal.ledger.append(replace(draft, text=f"{deploy.id} is due"), effect)
        await self.journal.notices.tell(topic(deploy))

    async def _miss(self, deploy: Deploy) -> None:
        holder = await self._holder(deploy)
        why = f"{holder} held its environment" if holder else "Wardroom was not running then"
        stop = Reason.LOCKED if holder else Reason.EXPIRED
        at = written(deploy.planned) if deploy.planned else ""
        minutes = int(GRACE.total_seconds() // 60)
        text = (
            f"It was to start at {at} and was not run: {why}, and {minutes} minutes later is too "
            "late. Ask again with a later `--at`."
        )
        await self._call_off(deploy, stop, text)

    async def _holder(self, deploy: Deploy) -> str:
        """Return who keeps a deploy out: another one, or a person with a lock; "" for nobody."""
        lock = await self.locks.held(deploy.service, deploy.environment)
        if lock is None or lock.deploy:
            return lock.deploy if lock else ""
        person = lock.person_at(self.journal.clock.now())
        return "" if person == deploy.requester else person

    async def _without_change(self, deploy: Deploy, why: str) -> None:
        """End one whose change was closed while it waited: nothing is deployed without one."""
        text = f"It was not run: {why}. Ask again under an open change, or with none named."
        await self._call_off(deploy, Reason.CHANGE_REQUIRED, text)

    async def _call_off(self, deploy: Deploy, stop: Reason, text: str) -> None:
        effects = called_off(self.journal, self.changes, deploy, stop, text)
        draft = self.journal.draft(deploy, Kind.ENDED, "deploy")
        draft = replace(draft, reason=stop, text=text)
        await self.journal.ledger.append(draft, *effects, self._tell(deploy, stop, text))
        await self.journal.show(await self.journal.deploy(deploy.id))
        await self.journal.notices.tell(_missed(deploy))

    def _tell(self, deploy: Deploy, stop: Reason, text: str) -> Effect[None]:
        """Say it to whoever asked with a message of its own: an edited one rings nowhere."""
        target = f"{deploy.service} {deploy.version} to {deploy.environment}"
        reply = Reply(
            f"{deploy.id}, {target}: {text}",
            reason=stop,
            title=f"Not run: {target}",
            fields=(("Deploy", deploy.id), ("Asked by", deploy.requester)),
            visibility=Visibility.PUBLIC,
            topic=_missed(deploy),
            refs={"deploy": deploy.id},
        )

        def effect(tx: Transaction) -> None:
            self.journal.notices.keep(_missed(deploy), reply)(tx)
            self.journal.notices.promise(_missed(deploy), deploy.place or Place(""))(tx)

        return effect


def called_off(
    journal: Journal, changes: ChangeTickets, deploy: Deploy, stop: Reason, text: str
) -> tuple[Effect[object], ...]:
    """Return what ends a deploy that has not begun, together with its change."""
    now = journal.clock.now()
    end: Effect[object] = journal.deploys.call_off(deploy.id, stop, outcome=text, at=now)
    if not deploy.change:
        return (end,)
    close = changes.close(deploy.change, ChangeResult.NOT_IMPLEMENTED, f"{deploy.id}: {text}")

    def closed(tx: Transaction) -> None:
        # Somebody may have closed it by hand meanwhile, and then it stays as they left it.
        with suppress(Conflict):
            close(tx)

    return end, closed


def _missed(deploy: Deploy) -> str:
    return f"{deploy.id} missed"
