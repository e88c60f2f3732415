"""The end of a deploy: its row, its lock, its change and its message, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.deploys.plan import CLOSE
from bot.deploys.stage import FAILED, ON, UNKNOWN, outcome
from bot.errors import Conflict
from bot.model import ChangeResult, DeployState, Kind, Reason, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.deploys.journal import Journal
    from bot.deploys.stage import Outcome
    from bot.model import Deploy
    from bot.ports import ChangeTickets, Effect

STATES = {ON: DeployState.SUCCEEDED, FAILED: DeployState.FAILED, UNKNOWN: DeployState.UNKNOWN}
REASONS = {
    DeployState.SUCCEEDED: Reason.OK,
    DeployState.FAILED: Reason.FAILED,
    DeployState.UNKNOWN: Reason.UNKNOWN_OUTCOME,
}


@dataclass(frozen=True)
class Closing:
    """Ends a deploy as its last stage came out."""

    journal: Journal
    changes: ChangeTickets

    async def __call__(self, deploy_id: str, last: Mapping[str, str]) -> Outcome:
        """Close it once; one that was ended otherwise stays as it is."""
        deploy = await self.journal.deploy(deploy_id)
        if deploy.state is DeployState.STARTED:
            await self._close(deploy, STATES[last["state"]], last["text"])
            deploy = await self.journal.deploy(deploy_id)
        await self.journal.show(deploy)
        return outcome(deploy.state.value)

    async def _close(self, deploy: Deploy, state: DeployState, text: str) -> None:
        step = StepState.UNKNOWN if state is DeployState.UNKNOWN else StepState.DONE
        deploy = await self.journal.note(deploy, CLOSE, step, publish=False)
        now = self.journal.clock.now()
        end = self.journal.deploys.end(deploy.id, state, outcome=text, at=now)
        draft = self.journal.draft(deploy, Kind.ENDED, "deploy")
        draft = replace(draft, reason=REASONS[state], text=text)
        try:
            await self.journal.ledger.append(draft, end, *self._change(deploy, state, text))
        except Conflict as conflict:
            # Somebody closed the change by hand while we deployed: the deploy ends all the same.
            note = f"{text} {conflict.text}".strip()
            await self.journal.ledger.append(replace(draft, text=note), end)

    def _change(self, deploy: Deploy, state: DeployState, text: str) -> list[Effect[object]]:
        if not deploy.change or state is DeployState.UNKNOWN:
            return []
        good = state is DeployState.SUCCEEDED
        result = ChangeResult.SUCCESSFUL if good else ChangeResult.FAILED
        return [self.changes.close(deploy.change, result, f"{deploy.id}: {text}")]
