"""Right before anything is changed outside: everything that let the deploy pass is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from bot.api import Wanted
from bot.deploys.gates import Asked, Moment, pass_all
from bot.deploys.gates.blackouts import CALENDARS
from bot.deploys.gates.freezing import PASSED
from bot.deploys.jobs import Job
from bot.deploys.journal import changed, correlation
from bot.deploys.plan import START, batches_of, said
from bot.deploys.stage import ON, STOPPED, outcome
from bot.errors import IntegrationError, Refused, StoreFailed, Unreachable
from bot.model import BatchState, Reason, StepState

if TYPE_CHECKING:
    from bot.deploys.brake import Brake
    from bot.deploys.gates import Gate
    from bot.deploys.jobs import Jobs
    from bot.deploys.stage import Outcome
    from bot.model import Batch, Deploy, Service


class Allowed(Protocol):
    """Says whether policy lets a deploy run still: its people, roles and approvals as of now."""

    async def __call__(self, deploy: Deploy) -> None:
        """Raise `Refused` where it does not."""
        ...


@dataclass(frozen=True)
class Trigger:
    """Starts the deploy job of one batch, if everything still lets it pass at that moment."""

    jobs: Jobs
    brake: Brake
    gates: Sequence[Gate]
    allowed: Allowed

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Start it, find the one that was started, or stop before anything happened."""
        journal = self.jobs.journal
        deploy, service = await journal.load(deploy_id)
        batch = batches_of(deploy)[number]
        label = said(batch.sites, START)
        deploy = await journal.note(deploy, label, StepState.RUNNING)
        at = correlation_of(deploy, number)
        job = Job(deploy, service, deploy.version, deploy.commit, batch.sites, at)
        made, build = await self.jobs.start(job, lambda: self._again(deploy, service, batch))
        deploy = await journal.deploy(deploy_id)
        if build is None:
            state = StepState.UNKNOWN if made["state"] == "unknown" else StepState.FAILED
            await journal.note(deploy, label, state, str(made["text"]))
            return made
        batch = replace(batch, build=build.id, state=BatchState.STARTED)
        batches = changed(deploy, number, batch)
        detail = f"build {build.id}"
        await journal.note(deploy, label, StepState.DONE, detail, build=build.id, batches=batches)
        return outcome(ON)

    async def _again(self, deploy: Deploy, service: Service, batch: Batch) -> Outcome | None:
        stopped = await self.brake.clear(deploy.id)
        if stopped is not None:
            return stopped
        try:
            await self._same_commit(deploy, service)
            found = await pass_all(self.gates, asked(deploy, service, batch))
            await self.allowed(deploy)
            for name, text in found:
                if name in (PASSED, CALENDARS):
                    await self.jobs.journal.note(deploy, name, StepState.DONE, text)
        except Refused as refusal:
            return outcome(STOPPED, refusal.text, refusal.reason)
        except (IntegrationError, StoreFailed) as error:
            # What cannot be told counts as not passed.
            return outcome(STOPPED, str(error), Reason.UNAVAILABLE)
        return None

    async def _same_commit(self, deploy: Deploy, service: Service) -> None:
        commit = await self._resolved(deploy, service)
        if commit != deploy.commit:
            raise Refused(
                Reason.SUPERSEDED,
                f"{deploy.version} of {service.id} is commit {commit[:12]} now, and was "
                f"{deploy.commit[:12]} when this was asked for: somebody moved the tag. Find out "
                "who and why, then ask again.",
            )

    async def _resolved(self, deploy: Deploy, service: Service) -> str:
        waited, patience = 0.0, self.jobs.patience
        while True:
            try:
                return await self.jobs.ci.resolve(service, deploy.version)
            except Unreachable:
                if waited >= patience.lookup:
                    raise
            waited += patience.poll
            await asyncio.sleep(patience.poll)


def asked(deploy: Deploy, service: Service, batch: Batch) -> Asked:
    """Return what the gates are asked about a batch that is about to be triggered."""
    wanted = Wanted(
        service=service,
        environment=deploy.environment,
        version=deploy.version,
        reason=deploy.reason,
        change=deploy.change,
        rollback_of=deploy.rollback_of,
        requester=deploy.requester,
        sites=batch.sites,
    )
    return Asked(wanted, deploy.commit, Moment.TRIGGER, deploy)


def correlation_of(deploy: Deploy, number: int) -> str:
    """Return a batch's correlation id; a deploy that goes everywhere at once has its own."""
    sites = batches_of(deploy)[number].sites
    return correlation(deploy, f"batch {number + 1} {' '.join(sites)}" if sites else "")
