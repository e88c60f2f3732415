"""What runs before anything is changed: it is what a rollback goes back to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.deploys.plan import BEFORE, batches_of
from bot.deploys.sight import where
from bot.errors import IntegrationError
from bot.model import StepState

if TYPE_CHECKING:
    from bot.deploys.journal import Journal
    from bot.deploys.sight import Sight
    from bot.deploys.stage import Outcome
    from bot.model import Batch


@dataclass(frozen=True)
class Before:
    """Looks at every site of the environment once, and writes down what it saw."""

    journal: Journal
    sight: Sight

    async def __call__(self, deploy_id: str) -> Outcome:
        """Keep what runs where; a probe that does not answer does not stop a deploy."""
        deploy, service = await self.journal.load(deploy_id)
        batches: list[Batch] = []
        seen: dict[str, str] = {}
        detail = ""
        for batch in batches_of(deploy):
            try:
                there = await self.sight.versions(service, deploy.environment, batch.sites)
            except IntegrationError as error:
                there, detail = {}, error.text
            seen |= there
            batches.append(replace(batch, before=tuple(there.items())))
        if not detail:
            detail = f"{where(seen)} is running" if seen else "no probe is declared"
        one = next(iter(seen.values())) if len(set(seen.values())) == 1 else ""
        await self.journal.note(
            deploy, BEFORE, StepState.DONE, detail, replaced=one, batches=batches
        )
        return {"batches": len(batches)}
