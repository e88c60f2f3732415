"""Prunes every night what the rules let be pruned, and has the index of this replica forget it."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.audit.index.folder import Index
from bot.audit.retention.forgetting import forget_pruned
from bot.audit.retention.pruner import Pruner
from bot.errors import StoreFailed, WardroomError

LOG = structlog.get_logger(__name__)


@dataclass
class Nightly:
    """What the scheduler of a running Wardroom calls; `trouble` is why the last night failed."""

    pruner: Pruner
    index: Index | None
    trouble: str = ""

    async def prune(self) -> None:
        """Prune, where there is a folder for archives and the rules say so; nothing is raised."""
        rules = self.pruner.retention
        if not rules.nightly or rules.archive is None:
            return
        try:
            outcome = await self.pruner.prune()
        except (WardroomError, OSError) as error:
            self.trouble = f"the audit log was not pruned: {error}"
            LOG.warning("the audit log was not pruned", why=str(error))
            return
        self.trouble = ""
        if outcome.count:
            LOG.info("the audit log was pruned", events=outcome.count, through=outcome.through)
        await self.forget()

    async def forget(self) -> None:
        """Have the index forget what anybody has pruned; nothing is raised."""
        if self.index is None:
            return
        try:
            await forget_pruned(self.pruner.database, self.index)
        except (StoreFailed, OSError) as error:
            LOG.warning("the index still has words of pruned events", why=type(error).__name__)
