"""What every part of the flow does: look the deploy up, record, and show where it stands."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.deploys.card import card, topic
from bot.deploys.plan import advanced, batches_of
from bot.lookback import is_recorded
from bot.model import AuditQuery, Deploy, Draft, Kind, StepState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Batch, Service
    from bot.ports import AuditReader, Catalogue, Clock, Effect, Ledger, Notices
    from bot.stores import DeployStore, TicketReader


@dataclass(frozen=True)
class Journal:
    """One deploy's row, its records and its message."""

    deploys: DeployStore
    catalogue: Catalogue
    ledger: Ledger
    audit: AuditReader
    notices: Notices
    clock: Clock
    tickets: TicketReader | None = None

    async def deploy(self, deploy_id: str) -> Deploy:
        """Return the deploy as it is now."""
        deploy = await self.deploys.show(deploy_id)
        if deploy is None:
            raise LookupError(f"{deploy_id} is not in the store")
        return deploy

    async def load(self, deploy_id: str) -> tuple[Deploy, Service]:
        """Return the deploy and its service as they are now."""
        deploy = await self.deploy(deploy_id)
        service = self.catalogue.service(deploy.service)
        if service is None:
            raise LookupError(f"{deploy.service} is not in the estate file any more")
        return deploy, service

    def draft(self, deploy: Deploy, kind: Kind, verb: str) -> Draft:
        """Return an event of the deploy, to be recorded."""
        return Draft(
            kind=kind,
            verb=verb,
            correlation=correlation(deploy),
            person=deploy.requester,
            service=deploy.service,
            environment=deploy.environment,
            request=deploy.request,
            deploy=deploy.id,
            change=deploy.change,
            incident=deploy.incident,
            params={
                "version": deploy.version,
                "commit": deploy.commit,
                **({"break_glass": deploy.glass} if deploy.glass else {}),
            },
        )

    async def recorded(self, deploy: Deploy, verb: str, kind: Kind, at: str) -> bool:
        """Say whether the log has such an event of the deploy, with that correlation id."""
        query = AuditQuery(deploy=deploy.id, verb=verb, kind=kind.value, correlation=at)
        return await is_recorded(self.audit, query)

    async def note(
        self,
        deploy: Deploy,
        label: str,
        state: StepState,
        detail: str = "",
        *,
        build: str | None = None,
        replaced: str | None = None,
        batches: Sequence[Batch] | None = None,
        publish: bool = True,
    ) -> Deploy:
        """Write down, record and show where one step of the deploy stands."""
        draft = replace(
            self.draft(deploy, Kind.SYSTEM, "deploy progress"),
            text=f"{label}: {state.value} {detail}".strip(),
        )
        note = self.deploys.note(
            deploy.id,
            steps=advanced(deploy.steps, label, state, detail),
            build=build,
            replaced=replaced,
            batches=batches,
        )
        recorded = await self.ledger.append(draft, note)
        updated = recorded.results[0]
        if not isinstance(updated, Deploy):
            raise TypeError(f"not a deploy: {type(updated).__name__}")
        if publish:
            await self.show(updated)
        return updated

    async def end(self, draft: Draft, *effects: Effect[object]) -> None:
        """Record an event with what changes by it."""
        await self.ledger.append(draft, *effects)

    async def show(self, deploy: Deploy) -> None:
        """Make the deploy's message say where it stands, wherever it is shown."""
        ticket = await self.tickets.of(deploy.change) if deploy.change and self.tickets else None
        await self.notices.publish(topic(deploy), card(deploy, ticket.said if ticket else ""))


def correlation(deploy: Deploy, part: str = "") -> str:
    """Return the id by which the CI server knows a deploy, or one part of it.

    Unique beyond this database: a fresh one counts from DEP-1 again, and must not take a deploy
    of an earlier life for its own.
    """
    exact = " ".join(filter(None, (deploy.id, deploy.created.isoformat(), deploy.commit, part)))
    return f"{deploy.request or deploy.id}-{hashlib.sha256(exact.encode()).hexdigest()[:12]}"


def changed(deploy: Deploy, number: int, batch: Batch) -> tuple[Batch, ...]:
    """Return the deploy's batches with one of them replaced."""
    known = list(batches_of(deploy))
    known[number] = batch
    return tuple(known)
