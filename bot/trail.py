"""The audit log and what keeps watch over it, wired as one part of the house."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Self

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot import __version__
from bot.api import Anchors, MonthlyReports, QueryLanguage, Redactions
from bot.audit.anchors import Anchor, Channel, Keeper, LogView, made
from bot.audit.ballast import MB, Ballast
from bot.audit.batch import Author
from bot.audit.countersign import Countersigner, Notary
from bot.audit.digest import Digest
from bot.audit.disclosure.keyring import KeyRing
from bot.audit.disclosure.opening import OpeningReader
from bot.audit.disclosure.redactor import Redactor
from bot.audit.disclosure.vault import Vault
from bot.audit.forward.forwarding import Forwarding
from bot.audit.index.folder import Index
from bot.audit.index.nightly import NightlyCheck
from bot.audit.index.worker import Indexer
from bot.audit.keys import KeyFile
from bot.audit.log import AuditLog
from bot.audit.note import VerifierKey
from bot.audit.prover import LogProver
from bot.audit.query import parse_query
from bot.audit.report import ReportWriter
from bot.audit.retention.desk import HoldDesk
from bot.audit.retention.nightly import Nightly
from bot.audit.retention.pruner import Pruner
from bot.audit.roster import Roster
from bot.audit.search import AuditSearch
from bot.audit.spool.merging import Merger
from bot.audit.spool.spool import Spool, SpooledLog
from bot.audit.unfinished import PATIENCE, Unfinished
from bot.audit_settings import AnchorPlace, Audit
from bot.directory import LiveDirectory
from bot.errors import AuditUnavailable, ConfigurationError, StoreFailed
from bot.model import Draft, Kind
from bot.notices import TopicNotices
from bot.ports import AuditProver, AuditReader, Clock
from bot.ports.holds import LegalHolds
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.deliveries import SqlDeliveries
from bot.storage.scrubbing import scrub
from bot.stores import Letters

LOG = structlog.get_logger(__name__)
ANCHORS_SECONDS: Final = 10
PEOPLE_SECONDS: Final = 2
REDACTIONS_SECONDS: Final = 60
DIGEST_SECONDS: Final = 30
CHECK_HOUR: Final = 3  # o'clock, in UTC: when one shard of the index is compared with the log
NIGHT: Final = 2  # o'clock, in UTC
SPOOL_SECONDS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Trail:
    """What writes the log, what reads it, and what holds it to what it was."""

    log: AuditLog
    records: SpooledLog
    spool: Merger
    unfinished: Unfinished
    audit: AuditReader
    openings: OpeningReader
    redactor: Redactor
    indexer: Indexer | None
    anchors: Keeper
    countersigner: Countersigner | None
    forwarding: Forwarding
    digest: Digest | None
    roster: Roster
    prover: AuditProver
    retention: Nightly
    database: Database
    clock: Clock

    @classmethod
    def made(
        cls,
        settings: Settings,
        database: Database,
        letters: Letters,
        notices: TopicNotices,
        clock: Clock,
    ) -> Self:
        """Wire what the block `audit` of the settings asks for; nothing is started."""
        asked, replica = settings.audit, f"{socket.gethostname()}:{os.getpid()}"
        keys = KeyFile(asked.key, asked.origin)
        vault = Vault(KeyRing(asked.openings))
        log = AuditLog(
            database,
            clock=clock,
            software=__version__,
            replica=replica,
            keys=keys,
            vault=vault,
            ballast=_ballast(asked, database),
        )
        index = Index(asked.index) if asked.index else None
        author = Author(clock, __version__, replica)
        records = SpooledLog(log, Spool(asked.spool, author) if asked.spool else None)

        def post(name: str, at: AnchorPlace) -> Anchor:
            return Channel(name, at.place, at.seconds, log, notices, letters, clock)

        return cls(
            log=log,
            audit=AuditSearch(database, index=index, keys=keys, vault=vault),
            openings=OpeningReader(database, vault),
            redactor=Redactor(database, vault, clock, scrub),
            indexer=Indexer(database, index) if index else None,
            anchors=Keeper(made(asked, post), LogView(database), clock, log.halt),
            countersigner=_countersigner(settings, database),
            forwarding=Forwarding.made(asked.forward, database, clock, replica),
            digest=_digest(settings, log, database, letters=letters, notices=notices, clock=clock),
            roster=Roster(log),
            prover=LogProver(database),
            retention=Nightly(Pruner(database, log, keys, asked.retention, clock), index),
            database=database,
            clock=clock,
            records=records,
            spool=Merger(records),
            unfinished=Unfinished(log, database, clock, notices, letters, asked.on_call_place),
        )

    def provided(self) -> Mapping[type, object]:
        """Return what commands may ask for: it only reads the log."""
        return {
            AuditProver: self.prover,
            Anchors: self.anchors,
            AuditReader: self.audit,
            LegalHolds: HoldDesk(self.database, self.clock),
            MonthlyReports: ReportWriter(self.database, self.clock),
            Redactions: self.redactor,
            QueryLanguage: lambda text: parse_query(text, now=self.clock.now()),
        }

    async def start(self, stack: AsyncExitStack) -> None:
        """Compare the log with its anchors, then start writing; the stack ends it."""
        stack.push_async_callback(self.anchors.close)
        await self.anchors.check()
        self.log.start()
        stack.push_async_callback(self.log.close)
        # Before anything goes on: whether something ended is known from the log alone.
        await self.spool.look()
        stack.push_async_callback(self.spool.close)
        self.forwarding.start()
        stack.push_async_callback(self.forwarding.close)
        if self.indexer is not None:
            self.indexer.start()
            stack.push_async_callback(self.indexer.close)

    async def watch(
        self, directory: LiveDirectory, scheduler: AsyncIOScheduler, reads: frozenset[str]
    ) -> None:
        """Record that we started and who is in the people file, and go on looking."""
        self.unfinished.reads = reads
        # Only one process serves a database in a file, so what is open there nobody ends any more.
        await self.unfinished.look(alone=self.database.is_sqlite)
        await self.log.append(said("start"))
        await self.anchors.look(now=True)
        await self.roster.note(directory.members())
        await self._redacted()
        scheduler.add_job(self._redacted, "interval", seconds=REDACTIONS_SECONDS, max_instances=1)
        look = self.anchors.look
        scheduler.add_job(look, "interval", seconds=ANCHORS_SECONDS, max_instances=1)
        every = PATIENCE.total_seconds()
        scheduler.add_job(self._end_unfinished, "interval", seconds=every, max_instances=1)
        scheduler.add_job(self.spool.look, "interval", seconds=SPOOL_SECONDS, max_instances=1)
        scheduler.add_job(self.retention.prune, "cron", hour=NIGHT, jitter=1_800, max_instances=1)
        scheduler.add_job(self.retention.forget, "interval", hours=1, max_instances=1)
        if self.indexer is not None:
            check = NightlyCheck(self.indexer, self.log).run
            scheduler.add_job(check, "cron", hour=CHECK_HOUR, jitter=1_800, max_instances=1)
        if self.digest is not None:
            post = self.digest.look
            scheduler.add_job(post, "interval", seconds=DIGEST_SECONDS, max_instances=1)
        scheduler.add_job(self._people, "interval", seconds=PEOPLE_SECONDS, args=[directory])
        if self.countersigner is not None:
            countersign = self.countersigner.look
            scheduler.add_job(countersign, "interval", seconds=ANCHORS_SECONDS, max_instances=1)

    async def _end_unfinished(self) -> None:
        try:
            await self.unfinished.look()
        except (AuditUnavailable, StoreFailed):
            LOG.warning("what was left unfinished is looked for once the log can be written")

    async def _redacted(self) -> None:
        """Destroy what was redacted while we were down, or by another replica, here too."""
        try:
            await self.redactor.finish()
        except AuditUnavailable:
            LOG.warning("the keys of redacted texts are not destroyed yet; see docs/redaction.md")

    async def _people(self, directory: LiveDirectory) -> None:
        await directory.look()
        try:
            await self.roster.note(directory.members())
        except AuditUnavailable:
            LOG.warning("a change of the people file is recorded once the log can be written")


def said(what: str) -> Draft:
    """Return an event of the product itself."""
    return Draft(kind=Kind.SYSTEM, verb=what, correlation=f"{what}-{os.getpid()}", text=what)


def _digest(
    settings: Settings,
    log: AuditLog,
    database: Database,
    *,
    letters: Letters,
    notices: TopicNotices,
    clock: Clock,
) -> Digest | None:
    asked = settings.audit.digest
    if asked is None:
        return None
    return Digest(
        place=asked.place,
        hour=asked.at,
        database=database,
        ledger=log,
        deliveries=SqlDeliveries(database),
        notices=notices,
        letters=letters,
        clock=clock,
    )


def _ballast(asked: Audit, database: Database) -> Ballast | None:
    if database.file is None or not asked.ballast:
        return None
    return Ballast(database.file.with_name("ballast"), asked.ballast * MB)


def _countersigner(settings: Settings, database: Database) -> Countersigner | None:
    asked = settings.audit.countersign
    if asked is None:
        return None
    try:
        notary = Notary(asked.command, VerifierKey.parse(asked.key))
    except ValueError as error:
        raise ConfigurationError(f"audit.countersign.key: {error}") from error
    return Countersigner(database, notary, asked.every)
