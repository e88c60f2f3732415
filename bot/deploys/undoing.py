"""Puts back what ran before, site by site, where a progressive deploy has failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.deploys.jobs import Job, Showing
from bot.deploys.journal import changed, correlation
from bot.deploys.plan import BACK, batches_of, said
from bot.deploys.stage import FAILED, ON, STOPPED, UNKNOWN, outcome
from bot.errors import IntegrationError
from bot.model import BatchState, StepState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.deploys.jobs import Jobs
    from bot.deploys.smoke import Smoke
    from bot.deploys.stage import Outcome
    from bot.model import Batch, Build, Deploy, Service
    from bot.ports.control import Halts

TOUCHED = {BatchState.STARTED, BatchState.DONE, BatchState.FAILED}
NOT_KNOWN = "what ran there before was not seen, so it stays as it is; `rollback` goes further back"
NOT_SEEN = "Whether the rollback came through is not known. Look at the CI server and say it."


@dataclass(frozen=True)
class Undo:
    """Rolls one batch back; each run of the deploy job is an effect with a correlation of its own.

    Cut short by a kill it looks its job up again, as every trigger does.
    """

    jobs: Jobs
    smoke: Smoke
    halts: Halts | None

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Put back what ran at the batch's sites before; nothing where it was not touched."""
        journal = self.jobs.journal
        deploy, service = await journal.load(deploy_id)
        batch = batches_of(deploy)[number]
        if batch.state is BatchState.UNKNOWN:
            # It was tried, and cut short before that was remembered: it is no better known now.
            return outcome(UNKNOWN, NOT_SEEN)
        if batch.state not in TOUCHED:
            return outcome(ON)
        label = said(batch.sites, BACK)
        deploy = await journal.note(deploy, label, StepState.RUNNING)
        made = await self._back(deploy, service, number, label)
        state, step = _SAID[str(made["state"])]
        deploy = await journal.deploy(deploy_id)
        batches = changed(deploy, number, replace(batch, state=state))
        await journal.note(deploy, label, step, str(made["text"]), batches=batches)
        return made

    async def _back(self, deploy: Deploy, service: Service, number: int, label: str) -> Outcome:
        batch = batches_of(deploy)[number]
        groups = _by_version(batch)
        if sum(map(len, groups.values())) < len(batch.sites):
            return outcome(FAILED, NOT_KNOWN)
        texts: list[str] = []
        for version, sites in groups.items():
            made = await self._one(deploy, service, version, sites, label)
            if made["state"] != ON:
                return made
            texts.append(str(made["text"]))
        return outcome(ON, " ".join(texts))

    async def _one(
        self, deploy: Deploy, service: Service, version: str, sites: tuple[str, ...], label: str
    ) -> Outcome:
        try:
            commit = await self.jobs.ci.resolve(service, version)
        except IntegrationError as error:
            return outcome(FAILED, f"{version} was not found: {error.text}")
        at = correlation(deploy, f"back to {version} at {' '.join(sites)}")
        job = Job(deploy, service, version, commit, sites, at)
        made, build = await self.jobs.start(job, self._halted)
        if build is None:
            return made
        made, _ = await self.jobs.watch(build.id, self._show(deploy.id, label))
        if made["state"] != ON:
            return made
        state, text = await self.smoke.settled_at(deploy, service, sites, version)
        return outcome(FAILED if state is StepState.FAILED else ON, text)

    async def _halted(self) -> Outcome | None:
        halt = await self.halts.current() if self.halts is not None else None
        if halt is None:
            return None
        return outcome(FAILED, f"Not rolled back, for everything is stopped: {halt.reason}")

    def _show(self, deploy_id: str, label: str) -> Showing:
        async def show(detail: str, _: Build | None, __: datetime | None) -> None:
            deploy = await self.jobs.journal.deploy(deploy_id)
            await self.jobs.journal.note(deploy, label, StepState.RUNNING, detail)

        return show


_SAID = {
    ON: (BatchState.ROLLED_BACK, StepState.DONE),
    FAILED: (BatchState.FAILED, StepState.FAILED),
    STOPPED: (BatchState.FAILED, StepState.FAILED),
    UNKNOWN: (BatchState.UNKNOWN, StepState.UNKNOWN),
}


def _by_version(batch: Batch) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for site, version in batch.before:
        if site:
            groups[version] = (*groups.get(version, ()), site)
    return groups
