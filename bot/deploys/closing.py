"""The end of a deploy: its row, its lock, its change and its message, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.deploys.plan import CLOSE, at_sites, batches_of
from bot.deploys.stage import FAILED, ON, STOPPED, UNKNOWN, outcome
from bot.errors import Conflict
from bot.model import BatchState, ChangeResult, DeployState, Kind, Reason, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.deploys.journal import Journal
    from bot.deploys.stage import Outcome
    from bot.model import Deploy
    from bot.ports import ChangeTickets, Effect

STATES = {
    ON: DeployState.SUCCEEDED,
    FAILED: DeployState.FAILED,
    STOPPED: DeployState.STOPPED,
    UNKNOWN: DeployState.UNKNOWN,
}
REASONS = {
    DeployState.SUCCEEDED: Reason.OK,
    DeployState.FAILED: Reason.FAILED,
    DeployState.STOPPED: Reason.CANCELLED,
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
            stop = Reason(last["reason"]) if last["state"] == STOPPED else None
            await self._close(deploy, STATES[last["state"]], last["text"], stop)
            deploy = await self.journal.deploy(deploy_id)
        await self.journal.show(deploy)
        return outcome(deploy.state.value)

    async def _close(
        self, deploy: Deploy, state: DeployState, text: str, stop: Reason | None
    ) -> None:
        step = StepState.UNKNOWN if state is DeployState.UNKNOWN else StepState.DONE
        deploy = await self.journal.note(deploy, CLOSE, step, publish=False)
        text = f"{text} {at_sites(deploy)}".strip() if state is not DeployState.SUCCEEDED else text
        now = self.journal.clock.now()
        end = self.journal.deploys.end(deploy.id, state, outcome=text, at=now, stop=stop)
        draft = self.journal.draft(deploy, Kind.ENDED, "deploy")
        draft = replace(draft, reason=stop or REASONS[state], text=text)
        try:
            await self.journal.ledger.append(draft, end, *self._change(deploy, state, text))
        except Conflict as conflict:
            # Somebody closed the change by hand while we deployed: the deploy ends all the same.
            note = f"{text} {conflict.text}".strip()
            await self.journal.ledger.append(replace(draft, text=note), end)

    def _change(self, deploy: Deploy, state: DeployState, text: str) -> list[Effect[object]]:
        if not deploy.change or state is DeployState.UNKNOWN:
            return []
        result = _result(deploy, state)
        return [self.changes.close(deploy.change, result, f"{deploy.id}: {text}")]


def _result(deploy: Deploy, state: DeployState) -> ChangeResult:
    """Return how the change ended: what nobody touched was not implemented."""
    if state is DeployState.SUCCEEDED:
        return ChangeResult.SUCCESSFUL
    states = {batch.state for batch in batches_of(deploy)} - {BatchState.WAITING}
    if state is DeployState.STOPPED and not states:
        return ChangeResult.NOT_IMPLEMENTED
    if states == {BatchState.ROLLED_BACK}:
        return ChangeResult.ROLLED_BACK
    return ChangeResult.FAILED
