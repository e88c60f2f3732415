"""Reads the log of a data folder without a running server, and records that it was read."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import inspect

from bot import ids
from bot.audit.anchors import Anchor, Keeper, LogView, State
from bot.audit.batch import Author
from bot.audit.disclosure.vault import Vault
from bot.audit.entry import Entry
from bot.audit.export import WHOLE, Exported, Format, Part, export
from bot.audit.index.folder import Index
from bot.audit.keys import KeyStore
from bot.audit.log import AuditLog
from bot.audit.note import VerifierKey
from bot.audit.prover import LogProver
from bot.audit.report import Counted, ReportWriter
from bot.audit.retention.archive import search_archive
from bot.audit.retention.plan import Plan
from bot.audit.retention.pruner import Outcome, Pruner
from bot.audit.rotation import KeyRange, adopt, ranges, rotate
from bot.audit.search import AuditSearch
from bot.audit.verify import Findings, Head, Key
from bot.audit.whole import pinned, verify_log
from bot.errors import AuditUnavailable, ConfigurationError
from bot.model import Account, AuditCount, AuditPage, AuditQuery, Draft, Event, Kind, Proof
from bot.ports import Clock
from bot.retention_settings import Retention
from bot.storage.database import Database

_FREE: Final = frozenset({"params.query"})  # why a log was adopted is for everybody to read


class LogFolder:
    """The log as the command line uses it: nothing is shown that was not recorded as read.

    `reader` names who reads, as far as the machine knows (its account name). Where the record
    cannot be written, `AuditUnavailable`; only `verify` goes on, for it shows no event.
    """

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        keys: KeyStore,
        author: Author,
        reader: str,
        *,
        index: Index | None = None,
        anchors: Sequence[Anchor] = (),
    ) -> None:
        self._database = database
        self._log = log
        self._keys = keys
        self._author = author
        self._reader = reader
        self._prover = LogProver(database)
        self._search = AuditSearch(database, index=index)
        self._keeper = Keeper(anchors, LogView(database), author.clock, log.halt)
        self._is_started = False

    async def search(self, query: AuditQuery, *, asked: str) -> AuditPage:
        """Search; `asked` is the query as typed, with patient data masked, for the record."""
        page = await self._search.search(query)
        await self._record("audit search", {"query": asked, "found": str(len(page.events))})
        return page

    async def count(self, query: AuditQuery, *, asked: str) -> AuditCount:
        """Count what a search finds, all of it."""
        counted = await self._search.count(query)
        await self._record("audit search", {"query": asked, "counted": str(counted.found)})
        return counted

    async def show(self, seq: int) -> Event | None:
        """Return one event; Conflict where it is damaged."""
        await self._record("audit show", {"event": str(seq)})
        return await self._search.show(seq)

    async def verify(self, kept: Sequence[Head] = (), keys: Sequence[Key] = ()) -> Findings:
        """Verify the whole log; recorded where that is possible.

        `kept` are checkpoints from elsewhere, beside what the anchors hold; without `keys`, those
        of this machine count.
        """
        trusted = keys or pinned(self._keys)
        anchored = [Head(held.size, held.root) for held in (await self._keeper.held()).values()]
        findings = await self._database.read(
            lambda c: verify_log(c, [*kept, *anchored], trusted, self._author.vault)
        )
        with contextlib.suppress(AuditUnavailable):
            await self._record(
                "audit verify",
                {"size": str(findings.size), "root": findings.root, "ok": str(findings.ok).lower()},
            )
        return findings

    async def export(
        self, file: Path, form: Format, part: Part = WHOLE, *, with_openings: bool = False
    ) -> Exported:
        """Write the log, or a part of it, to a new file with its manifest; OSError if it fails.

        `with_openings` writes the sensitive texts beside it; that they left is in the record.
        """
        opened = {"openings": "true"} if with_openings else {}
        said = {"format": form.value, "file": file.name, **opened, **part.described}
        await self._record("audit export", said)
        vault = self._author.vault if with_openings else None
        return await self._database.read(lambda c: export(c, file, form, part, vault))

    async def made_evidence(self, change: str, *, opened: bool) -> None:
        """Record that the evidence of a change leaves, and whether with its sensitive texts."""
        said = {"change": change, **({"openings": "true"} if opened else {})}
        await self._record("change evidence", said)

    async def cleaned(self) -> None:
        """Record that what was redacted was taken out of the database's free pages."""
        await self._record("audit residue", {})

    async def report(self, month: str, *, asked: str = "") -> Counted:
        """Count a month for its reports; BadInput where it is none.

        `asked` is the service that was typed, with patient data masked, for the record.
        """
        writer = ReportWriter(self._database, self._author.clock)
        await self._record("audit report", {"month": writer.named(month), "service": asked})
        return await writer.count(month)

    async def plan_pruning(self, rules: Retention, before: datetime | None) -> Plan:
        """Return what would be pruned now, as far as one archive goes; BadInput, Conflict."""
        await self._record("audit prune", {"dry_run": "true", "before": _day(before)})
        return await self._pruner(rules).plan(before)

    async def prune(self, rules: Retention, before: datetime | None) -> Outcome:
        """Prune what the rules let be pruned, and record it; BadInput, Conflict, OSError."""
        await self._record("audit prune", {"before": _day(before)})
        return await self._pruner(rules).prune(before)

    def _pruner(self, rules: Retention) -> Pruner:
        account = Account("cli", self._reader)
        ends = (self._database, self._log, self._keys, rules, self._author.clock)
        return Pruner(*ends, account)

    async def search_archive(self, file: Path, query: AuditQuery, *, asked: str) -> AuditPage:
        """Search an archive that verifies; Conflict where it does not, Unreadable, OSError."""
        page = await asyncio.to_thread(search_archive, file, query, pinned(self._keys))
        said = {"query": asked, "found": str(len(page.events)), "archive": file.parent.name}
        await self._record("audit search", said)
        return page

    async def checkpoint(self) -> str:
        """Return the signed checkpoint of now, in which this reading is an event already."""
        await self._record("audit checkpoint", {})
        return await self._prover.checkpoint()

    async def countersigned(self) -> str:
        """Return the newest checkpoint that a key elsewhere signed too; "" where none did."""
        await self._record("audit checkpoint", {"countersigned": "true"})
        return await self._prover.countersigned()

    async def prove(self, seq: int) -> Proof | None:
        """Return the proof that an event is in the log, None where there is no such event."""
        await self._record("audit prove", {"event": str(seq)})
        return await self._prover.inclusion(seq)

    async def consistency(self, old: int | str, new: int | None) -> Proof:
        """Return the proof that the log begins with an earlier one; BadInput, Conflict."""
        asked = str(old) if isinstance(old, int) else "a checkpoint"
        await self._record("audit consistency", {"old": asked, "new": str(new or "")})
        return await self._prover.consistency(old, new)

    async def anchors(self, *, begin: bool = False) -> tuple[Sequence[State], str]:
        """Compare with every anchor, keep, and return what is known of each and of all.

        `begin` fills those that hold nothing. AuditUnavailable where one remembers another log.
        """
        await self._record("audit anchor", {"begin": "true"} if begin else {})
        if begin:
            await self._keeper.begin()
        said = await self._keeper.compared()
        return self._keeper.states, said

    async def keys(self) -> list[KeyRange]:
        """Return the keys that the log's records name; that is no secret, and not recorded."""
        return await self._database.read(lambda connection: ranges(connection, self._keys))

    async def rotate(self) -> VerifierKey:
        """Let a new key follow the one in force; the former one is destroyed."""
        await self._keeper.check()
        entry = self._entry("audit rotate-key", {})
        author = self._author
        key = await self._database.write(lambda c: rotate(c, self._keys, entry, author))
        self._keys.promote()
        return key

    async def adopt(self, why: str) -> VerifierKey:
        """Sign the log as it stands, if it is whole, with the key that there is or a new one."""
        findings = await self._database.read(verify_log)
        entry = self._entry("audit adopt", {"why": why})
        author = self._author
        return await self._database.write(lambda c: adopt(c, self._keys, entry, author, findings))

    def _entry(self, verb: str, params: Mapping[str, str]) -> Entry:
        """Return a call of `append` that is made in a transaction of its own."""
        loop = asyncio.get_running_loop()
        draft = replace(self._draft(verb, params), kind=Kind.KEY)
        return Entry(draft, (), loop, loop.create_future(), math.inf)

    async def _record(self, verb: str, params: Mapping[str, str]) -> None:
        if not self._is_started:
            await self._keeper.check()
            self._log.start()
            self._is_started = True
        await self._log.append(self._draft(verb, params))

    def _draft(self, verb: str, params: Mapping[str, str]) -> Draft:
        return Draft(
            kind=Kind.SYSTEM,
            verb=verb,
            correlation=ids.fresh(self._author.clock.now()),
            account=Account("cli", self._reader),
            params=params,
            sensitive=_FREE,
        )


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else ""


@contextlib.asynccontextmanager
async def open_log_folder(
    database_url: str,
    *,
    keys: KeyStore,
    vault: Vault | None = None,
    clock: Clock,
    software: str,
    replica: str,
    reader: str,
    index: Path | None = None,
    anchors: Sequence[Anchor] = (),
) -> AsyncIterator[LogFolder]:
    """Open the log of a database, beside a running server or without one.

    ConfigurationError where there is no database or no log in it; nothing is created. The index
    is used as far as it goes: keeping it up is the server's.
    """
    shards = Index(index) if index else None
    database = Database.open(database_url, create=False)
    log = AuditLog(
        database, clock=clock, software=software, replica=replica, keys=keys, vault=vault
    )
    try:
        if not database.read_now(lambda connection: inspect(connection).has_table("audit_head")):
            raise ConfigurationError("database: there is no audit log in it; run `db upgrade`")
        author = Author(clock, software, replica, vault)
        yield LogFolder(database, log, keys, author, reader, index=shards, anchors=anchors)
    finally:
        if shards is not None:
            shards.close()
        await log.close()
        database.close()
