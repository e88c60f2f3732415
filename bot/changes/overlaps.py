"""What else is changed at the same time: of a service, of what it needs, and of what needs it.

A change that a deploy opened for itself and that still waits for approval is in nobody's way yet:
nothing may come of it, and whichever of two is approved first is what the other one meets.
Nor is one whose deploy is done and was not validated: it stays open to be reviewed, but nothing is
being changed under it any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.model import Change, ChangeState, Deploy, DeployState, Overlap
from bot.ports import Catalogue, ChangeTickets, Clock
from bot.stores import DeployStore

WAITING: Final = frozenset({ChangeState.NEW, ChangeState.AWAITING_APPROVAL})
ENDED: Final = frozenset({ChangeState.CLOSED, ChangeState.CANCELLED})


@dataclass(frozen=True)
class OverlapFinder:
    """Looks through the register and the deploys; implements `bot.ports.changes.Overlaps`."""

    catalogue: Catalogue
    changes: ChangeTickets
    deploys: DeployStore
    clock: Clock

    async def found(
        self,
        service: str,
        environment: str,
        start: datetime,
        end: datetime,
        apart: Collection[str] = (),
    ) -> Sequence[Overlap]:
        """Return what meets a window there, except what is named in `apart`."""
        why = self._related(service)
        changes = [
            change
            for change in await self.changes.overlapping(start, end, services=why)
            if change.environment == environment
            and _is_in_the_way(change)
            and not await self._is_done(change)
        ]
        listed = {change.number for change in changes}
        met = [_of_change(change, why[change.service]) for change in changes]
        running = await self.deploys.list(environment=environment, running=True, limit=100)
        for deploy in running:
            if deploy.service in why and deploy.change not in listed | set(apart):
                met += self._deploys(deploy, start, end, why)
        return [one for one in met if one.number not in apart]

    async def _is_done(self, change: Change) -> bool:
        deploy = await self.deploys.show(change.deploy) if change.deploy else None
        return deploy is not None and deploy.state is DeployState.NOT_VALIDATED

    def _related(self, service: str) -> Mapping[str, str]:
        """Return the services that a change here may meet, each with the reason."""
        why = {service: ""}
        here = self.catalogue.service(service)
        for name in here.depends_on if here else ():
            why[name] = f"{service} depends on {name}"
        for other in self.catalogue.services():
            if service in other.depends_on:
                why.setdefault(other.id, f"{other.id} depends on {service}")
        return why

    def _deploys(
        self, deploy: Deploy, start: datetime, end: datetime, why: Mapping[str, str]
    ) -> Iterator[Overlap]:
        is_planned = deploy.state is DeployState.SCHEDULED and deploy.planned is not None
        begins = deploy.planned if is_planned and deploy.planned else deploy.created
        now = self.clock.now()
        if begins <= end and (is_planned or start <= now):
            yield Overlap(
                deploy.id,
                deploy.service,
                deploy.environment,
                deploy.requester,
                begins,
                None,
                why[deploy.service],
            )


def _is_in_the_way(change: Change) -> bool:
    is_of_deploy = bool(change.version) and not change.template
    return change.state not in ENDED and not (is_of_deploy and change.state in WAITING)


def _of_change(change: Change, why: str) -> Overlap:
    return Overlap(
        change.number,
        change.service,
        change.environment,
        change.requester,
        change.window_start,
        change.window_end,
        why,
    )
