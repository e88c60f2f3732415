"""Watches a deploy job that was started until it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.deploys.plan import JOB, batches_of, said
from bot.deploys.stage import FAILED, ON, UNKNOWN, outcome
from bot.errors import Rejected, Unreachable
from bot.model import BuildState, StepState

if TYPE_CHECKING:
    from bot.deploys.journal import Journal
    from bot.deploys.patience import Patience
    from bot.deploys.stage import Outcome
    from bot.model import Build, Deploy
    from bot.ports import Ci

ENDED = {BuildState.GREEN, BuildState.RED, BuildState.CANCELLED}


@dataclass(frozen=True)
class Watch:
    """Follows the deploy job of one batch."""

    journal: Journal
    ci: Ci
    patience: Patience

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Look until the job has ended; one that cannot be seen any more is unknown."""
        deploy = await self.journal.deploy(deploy_id)
        batch = batches_of(deploy)[number]
        label = said(batch.sites, JOB)
        waited, text, shown = 0.0, "", ""
        build: Build | None = None
        while waited <= self.patience.job:
            try:
                build = await self.ci.build(batch.build)
            except Rejected as error:
                return outcome(UNKNOWN, error.text)
            except Unreachable as error:
                detail = text = error.text
            else:
                if build.state in ENDED:
                    return await self._ended(deploy, label, build)
                detail = _doing(build)
            if detail != shown:
                began = build.id if build is not None else None
                deploy = await self.journal.note(
                    deploy, label, StepState.RUNNING, detail, build=began
                )
                shown = detail
            waited += self.patience.poll
            await asyncio.sleep(self.patience.poll)
        return outcome(UNKNOWN, f"The deploy job did not end in time. {text}".strip())

    async def _ended(self, deploy: Deploy, label: str, build: Build) -> Outcome:
        if build.state is BuildState.GREEN:
            done = f"build {build.id} is green"
            await self.journal.note(deploy, label, StepState.DONE, done, build=build.id)
            return outcome(ON)
        failing = next((s.name for s in build.stages if s.state is BuildState.RED), "")
        where = f" at {failing}" if failing else ""
        text = f"The deploy job ended {build.state.value}{where}; see `ci log {build.id}`."
        await self.journal.note(deploy, label, StepState.FAILED, text, build=build.id)
        return outcome(FAILED, text)


def _doing(build: Build) -> str:
    running = next((s.name for s in build.stages if s.state is BuildState.RUNNING), "")
    return f"build {build.id}, {running or build.state.value}"
