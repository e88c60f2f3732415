"""The hold after a batch: time for a fault to show before more sites get the version."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.deploys.journal import changed
from bot.deploys.plan import HOLD, batches_of, said
from bot.deploys.stage import FAILED, ON, outcome
from bot.model import BatchState, StepState
from bot.moments import written

if TYPE_CHECKING:
    from datetime import datetime

    from bot.deploys.brake import Brake
    from bot.deploys.journal import Journal
    from bot.deploys.smoke import Smoke
    from bot.deploys.stage import Outcome
    from bot.model import Deploy


@dataclass(frozen=True)
class Hold:
    """Waits, then probes the batch again; the last batch holds nothing up.

    When it ends is in the deploy's row: a restart waits only for what is left.
    """

    journal: Journal
    smoke: Smoke
    brake: Brake

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Go on once the hold is over and the batch still answers."""
        deploy, service = await self.journal.load(deploy_id)
        if number + 1 >= len(batches_of(deploy)):
            return outcome(ON)
        label = said(batches_of(deploy)[number].sites, HOLD)
        deploy, due = await self._begun(deploy, number, label)
        while True:
            stopped = await self.brake.clear(deploy_id)
            if stopped is not None:
                deploy = await self.journal.deploy(deploy_id)
                await self.journal.note(deploy, label, StepState.SKIPPED, str(stopped["text"]))
                return stopped
            if self.journal.clock.now() >= due:
                break
            await asyncio.sleep(self.brake.patience.poll)
        deploy = await self.journal.deploy(deploy_id)
        state, text = await self.smoke.settled(deploy, service, number)
        if state is StepState.FAILED:
            text = f"The probe at the end of the hold failed: {text}."
            batch = replace(batches_of(deploy)[number], state=BatchState.FAILED)
            batches = changed(deploy, number, batch)
            await self.journal.note(deploy, label, state, text, batches=batches)
            return outcome(FAILED, text)
        await self.journal.note(deploy, label, StepState.DONE, text)
        return outcome(ON)

    async def _begun(self, deploy: Deploy, number: int, label: str) -> tuple[Deploy, datetime]:
        batch = batches_of(deploy)[number]
        if batch.due is not None:
            return deploy, batch.due
        due = self.journal.clock.now() + timedelta(seconds=deploy.hold_seconds)
        batches = changed(deploy, number, replace(batch, due=due))
        detail = f"until {written(due)}"
        held = await self.journal.note(deploy, label, StepState.RUNNING, detail, batches=batches)
        return held, due
