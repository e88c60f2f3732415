"""Where a deploy waits because somebody paused it, and ends because somebody aborted it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.deploys.stage import ON, STOPPED, outcome
from bot.model import Reason, Wish

if TYPE_CHECKING:
    from bot.deploys.journal import Journal
    from bot.deploys.patience import Patience
    from bot.deploys.stage import Outcome
    from bot.ports.control import Halts


@dataclass(frozen=True)
class Brake:
    """Asked before every trigger and in every hold; a job that was started is watched to its end.

    As a stage it stops what was aborted meanwhile.
    """

    journal: Journal
    halts: Halts | None
    patience: Patience

    async def clear(self, deploy_id: str) -> Outcome | None:
        """Wait while the deploy is paused; return how it ends where it was aborted or halted."""
        while True:
            deploy = await self.journal.deploy(deploy_id)
            if deploy.wish is Wish.ABORT:
                text = f"{deploy.wish_by} aborted it: {deploy.wish_why}"
                return outcome(STOPPED, text, Reason.CANCELLED)
            if self.halts is not None and (halt := await self.halts.current()) is not None:
                text = f"Everything is stopped by {' and '.join(halt.by)}: {halt.reason}"
                return outcome(STOPPED, text, Reason.HALTED)
            if deploy.wish is Wish.NONE:
                return None
            await asyncio.sleep(self.patience.poll)

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """End a deploy that was aborted while its job ran; a pause has nothing to stop here."""
        del number
        deploy = await self.journal.deploy(deploy_id)
        if deploy.wish is Wish.ABORT:
            return await self.clear(deploy_id) or outcome(ON)
        return outcome(ON)
