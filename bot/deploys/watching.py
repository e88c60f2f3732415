"""Watches the deploy job of a batch until it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.deploys.journal import changed
from bot.deploys.plan import JOB, batches_of, said
from bot.deploys.stage import FAILED, ON, outcome
from bot.model import BatchState, StepState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.deploys.jobs import Jobs
    from bot.deploys.stage import Outcome
    from bot.model import Build


@dataclass(frozen=True)
class Watch:
    """Follows the deploy job of one batch."""

    jobs: Jobs

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Look until the job has ended; one that cannot be seen any more is unknown."""
        journal = self.jobs.journal
        batch = batches_of(await journal.deploy(deploy_id))[number]
        label = said(batch.sites, JOB)

        bound = timedelta(seconds=self.jobs.patience.gate)

        async def show(detail: str, build: Build | None, since: datetime | None) -> None:
            began = build.id if build is not None else None
            deploy = await journal.deploy(deploy_id)
            due = since + bound if since else None
            batches = changed(deploy, number, replace(batches_of(deploy)[number], due=due))
            state = StepState.RUNNING
            await journal.note(deploy, label, state, detail, build=began, batches=batches)

        since = batch.due - bound if batch.due else None
        made, build = await self.jobs.watch(batch.build, show, since)
        if made["state"] not in (ON, FAILED) or build is None:
            return made
        deploy = await journal.deploy(deploy_id)
        good = made["state"] == ON
        # A job may queue under one id and run under another.
        state = batch.state if good else BatchState.FAILED
        batches = changed(deploy, number, replace(batch, build=build.id, state=state, due=None))
        step = StepState.DONE if good else StepState.FAILED
        text = str(made["text"])
        await journal.note(deploy, label, step, text, build=build.id, batches=batches)
        return outcome(ON) if good else made
