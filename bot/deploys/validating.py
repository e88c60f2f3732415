"""The stage that hands a deploy to its clinical validator, where its environment names one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.deploys.stage import ON, WAITS, outcome
from bot.model import DeployState

if TYPE_CHECKING:
    from bot.deploys.stage import Outcome
    from bot.deploys.validation import ValidationDesk


@dataclass(frozen=True)
class Validating:
    """Asks, and ends the flow: nothing runs while somebody looks."""

    desk: ValidationDesk

    async def __call__(self, deploy_id: str, number: int) -> Outcome:
        """Go on where nobody is named; a deploy that waits already is not asked for again.

        However it was answered before a stage that was cut short ran again, that is no failure of
        the flow's own: there is nothing left for it to roll back.
        """
        del number
        deploy, service = await self.desk.journal.load(deploy_id)
        environment = service.environment(deploy.environment)
        validator = environment.validator if environment else None
        if deploy.state is DeployState.STARTED:
            if validator is None:
                return outcome(ON)
            deploy = await self.desk.ask(deploy, service, validator)
        return outcome(WAITS, deploy.outcome)
