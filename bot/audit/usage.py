"""Counts who did what since some event: what an access review compares with what they may do."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from bot.audit.batch import read_head
from bot.audit.figures import PEOPLE_FILE, gives_access
from bot.audit.matching import at
from bot.audit.reading import AUDIT, fetch, read_event, read_size, select_rows
from bot.audit.stretch import Stretch, marks, read_stretch
from bot.model import Event, Kind, LogState, Reason, Usage, Used
from bot.ports import Effect, Transaction
from bot.storage.database import Database, sql

SHOWN: Final = 200  # changes that are kept; of more than these, the newest

_WANTED: Final = (*marks("kind", (Kind.OUTCOME, Kind.REFUSED)), *marks("verb", (PEOPLE_FILE,)))
_DID: Final = frozenset({Reason.OK, Reason.PENDING_APPROVAL})


class UsageReader:
    """The `bot.ports.UsageLog` over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, event: int) -> Usage:
        """Count the events after a number; 0 counts them all."""
        size, first = await self._database.read(lambda c: (read_size(c), _next(c, event)))
        counting = _Counting()
        read = await read_stretch(self._database, Stretch(event + 1, size), _WANTED, counting.take)
        return Usage(
            first=event + 1,
            size=size,
            since=first.at if first else None,
            used=counting.used,
            changes=tuple(counting.changes),
            changed=counting.changed,
            policies=counting.policies,
            damaged=read.damaged,
        )

    def state(self) -> Effect[LogState]:
        """Return the log's size and root as they are in the caller's transaction."""

        def effect(tx: Transaction) -> LogState:
            head = read_head(sql(tx))
            return LogState(head.frontier.size, head.frontier.root().hex())

        return effect


@dataclass
class _Counting:
    used: dict[tuple[str, str], Used] = field(default_factory=dict)
    changes: deque[tuple[int, datetime, str]] = field(default_factory=lambda: deque(maxlen=SHOWN))
    changed: int = 0
    policies: dict[str, datetime] = field(default_factory=dict)

    def take(self, _connection: Connection, event: Event) -> None:
        data = event.data
        verb, reason, kind = str(data.get("verb", "")), data.get("reason"), data.get("kind")
        if verb == PEOPLE_FILE and kind == Kind.SYSTEM:
            self._change(event)
            return
        version, person = at(data, ("decision", "version")), at(data, ("actor", "person"))
        if not isinstance(version, str):
            return  # not a command
        self.policies.setdefault(version, event.at)
        if reason == Reason.OK and gives_access(data, verb):
            self._change(event)
        if isinstance(person, str) and not at(data, ("params", "dry_run")):
            self._use(
                person, verb, event.at, did=reason in _DID, denied=reason == Reason.NOT_AUTHORISED
            )

    def _use(self, person: str, verb: str, when: datetime, *, did: bool, denied: bool) -> None:
        before = self.used.get((person, verb), Used())
        self.used[person, verb] = Used(
            before.times + did, before.denied + denied, when if did else before.last
        )

    def _change(self, event: Event) -> None:
        self.changed += 1
        self.changes.append((event.seq, event.at, str(event.data.get("text", ""))))


def _next(connection: Connection, seq: int) -> Event | None:
    rows = select_rows(connection).where(AUDIT.c.seq > seq).order_by(AUDIT.c.seq).limit(1)
    return next(filter(None, map(read_event, fetch(connection, rows))), None)
