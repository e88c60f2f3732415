"""Has one shard compared with the log every night, and records what came of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.audit.index.worker import Indexer
from bot.errors import AuditUnavailable
from bot.model import Draft, Kind, Reason
from bot.ports import Ledger
from bot.storage.database import DRIVER_ERRORS

LOG = structlog.get_logger(__name__)
VERB = "audit index check"


@dataclass(frozen=True)
class NightlyCheck:
    """The job of a process: with several on one folder, the one that builds compares."""

    indexer: Indexer
    ledger: Ledger

    async def run(self) -> None:
        """Compare, and record it; what cannot be done now is done the next night."""
        try:
            checked = await self.indexer.check()
        except (OSError, sqlite3.Error, SQLAlchemyError, *DRIVER_ERRORS) as error:
            LOG.warning("the search index cannot be compared now", error=type(error).__name__)
            return
        if checked is None:
            return
        draft = Draft(
            kind=Kind.SYSTEM,
            verb=VERB,
            correlation=f"index-shard-{checked.number}",
            reason=Reason.FAILED if checked.differing else Reason.OK,
            params={"first": str(checked.first), "last": str(checked.last)},
            text=checked.said,
        )
        try:
            await self.ledger.append(draft)
        except AuditUnavailable:
            LOG.warning("a comparison of the search index could not be recorded")
