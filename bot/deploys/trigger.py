"""The only stage that changes anything outside: starts the deploy job, never twice.

Its intent is recorded before, its outcome after. Where an intent has no outcome, the CI server is
asked by the correlation id first; if that cannot settle it, a human is asked and the environment
stays locked.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.deploys.journal import Journal, changed, correlation
from bot.deploys.plan import START, batches_of, said
from bot.deploys.stage import FAILED, ON, UNKNOWN, outcome
from bot.errors import IntegrationError, Rejected, Unreachable
from bot.model import BatchState, Kind, Reason, StepState

if TYPE_CHECKING:
    from bot.deploys.patience import Patience
    from bot.deploys.stage import Outcome
    from bot.model import Build, Deploy, Draft, Service
    from bot.ports import Ci

TRIGGER = "deploy trigger"


@dataclass(frozen=True)
class Trigger:
    """Starts the deploy job of one batch."""

    journal: Journal
    ci: Ci
    patience: Patience

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Start it, or find out whether it was started."""
        deploy, service = await self.journal.load(deploy_id)
        deploy = await self.journal.note(deploy, _label(deploy, number), StepState.RUNNING)
        at = _at(deploy, number)
        if await self.journal.recorded(deploy, TRIGGER, Kind.EFFECT, at):
            return await self._look_up(deploy, service, number, start_if_absent=True)
        return await self._start(deploy, service, number)

    async def _start(self, deploy: Deploy, service: Service, number: int) -> Outcome:
        await self._intend(deploy, number)
        try:
            build = await self.ci.deploy(
                service,
                deploy.version,
                deploy.commit,
                deploy.environment,
                correlation=_at(deploy, number),
            )
        except Rejected as error:
            await self._came_out(deploy, number, Reason.FAILED, error.text)
            return outcome(FAILED, f"The CI server refused: {error.text}")
        except Unreachable:
            # It may have arrived all the same: only the CI server can say.
            return await self._look_up(deploy, service, number, start_if_absent=False)
        return await self._started(deploy, number, build, "")

    async def _look_up(
        self, deploy: Deploy, service: Service, number: int, *, start_if_absent: bool
    ) -> Outcome:
        """Ask the CI server whether the job was started; twice, so that a late one is seen."""
        waited, answered = 0.0, 0
        text = ""
        while waited <= self.patience.lookup:
            try:
                build = await self.ci.find(service, _at(deploy, number))
            except IntegrationError as error:
                text = error.text
            else:
                if build is not None:
                    return await self._started(deploy, number, build, "found by its correlation id")
                answered += 1
            if answered > 1:
                break
            waited += self.patience.poll
            await asyncio.sleep(self.patience.poll)
        if answered > 1 and start_if_absent:
            never = "the CI server never had it"
            await self._came_out(deploy, number, Reason.CANCELLED, never)
            return await self._start(deploy, service, number)
        if answered > 1:
            text = "The CI server did not answer, and has no such job: nothing was started."
            await self._came_out(deploy, number, Reason.UNAVAILABLE, text)
            return outcome(FAILED, text)
        return outcome(UNKNOWN, f"{text} Look at the CI server and say how it ended.")

    async def _started(self, deploy: Deploy, number: int, build: Build, how: str) -> Outcome:
        text = how or f"started {build.id}"
        await self._came_out(deploy, number, Reason.OK, text, build.id)
        deploy = await self.journal.deploy(deploy.id)
        batch = replace(batches_of(deploy)[number], build=build.id, state=BatchState.STARTED)
        await self.journal.note(
            deploy,
            _label(deploy, number),
            StepState.DONE,
            f"build {build.id}",
            build=build.id,
            batches=changed(deploy, number, batch),
        )
        return outcome(ON)

    async def _intend(self, deploy: Deploy, number: int) -> None:
        held = self.journal.deploys.holding(deploy.id)
        await self.journal.ledger.append(self._draft(deploy, number, Kind.EFFECT), held)

    async def _came_out(
        self, deploy: Deploy, number: int, reason: Reason, text: str, build: str = ""
    ) -> None:
        draft = self._draft(deploy, number, Kind.EFFECT_OUTCOME)
        params = {**draft.params, "build": build} if build else draft.params
        await self.journal.ledger.append(replace(draft, reason=reason, text=text, params=params))

    def _draft(self, deploy: Deploy, number: int, kind: Kind) -> Draft:
        draft = self.journal.draft(deploy, kind, TRIGGER)
        sites = ", ".join(batches_of(deploy)[number].sites)
        params = {**draft.params, "sites": sites} if sites else draft.params
        return replace(draft, correlation=_at(deploy, number), params=params)


def _label(deploy: Deploy, number: int) -> str:
    return said(batches_of(deploy)[number].sites, START)


def _at(deploy: Deploy, number: int) -> str:
    """Return the correlation id of a batch; a deploy that goes everywhere at once has its own."""
    sites = batches_of(deploy)[number].sites
    return correlation(deploy, f"batch {number + 1} {' '.join(sites)}" if sites else "")
