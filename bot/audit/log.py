"""The append-only log: nothing happens that it has not recorded first."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Final, Self

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from bot.audit.ballast import Ballast
from bot.audit.batch import Author, read_head
from bot.audit.disclosure.vault import Vault
from bot.audit.entry import Entry
from bot.audit.keys import KeyStore
from bot.audit.seal import Seal
from bot.audit.writer import Writer
from bot.deadlines import Deadlines
from bot.errors import AuditUnavailable
from bot.ports import Clock, Drafting, Effect, Recorded
from bot.storage.database import DRIVER_ERRORS, Database

DEADLINE: Final = 2.0
"""Seconds that a caller waits for its record before the action is refused."""

_BEGIN_WITHIN: Final = 0.75  # of the deadline: the rest is for writing


class AuditLog:
    """The `Ledger`: one writer thread with group commit over one database.

    Several logs may share a database, in one process or many: each batch continues from the head
    row, which it holds locked. `software` and `replica` are written into every event; a key of
    `keys` signs the head of every batch. `vault` keeps the texts that the record has digests of.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        software: str,
        replica: str,
        keys: KeyStore,
        vault: Vault | None = None,
        deadline: float = DEADLINE,
        ballast: Ballast | None = None,
    ) -> None:
        self._database = database
        self._writer = Writer(database, Author(clock, software, replica, vault), keys, ballast)
        self._keys = keys
        self._deadline = deadline
        self._deadlines = Deadlines()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look whether log, head and checkpoint agree, then start; else AuditUnavailable."""
        try:
            self._database.read_now(self._check)
        except (SQLAlchemyError, *DRIVER_ERRORS) as error:
            raise AuditUnavailable("the audit log cannot be read") from error
        self._thread = threading.Thread(target=self._writer.run, name="audit", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """Write what waits, then stop; later appends are refused."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._writer.stop()
            await asyncio.to_thread(thread.join, self._deadline * 2)

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def trouble(self) -> str:
        """Why the last batch could not be written, or "" while all is well."""
        return self._writer.trouble

    def halt(self, sentence: str) -> None:
        """Write nothing more: `append` raises AuditUnavailable with this sentence."""
        self._writer.halt(sentence)

    @property
    def deadline(self) -> float:
        """Seconds that a caller waits for its record."""
        return self._deadline

    async def append(
        self, draft: Drafting, *effects: Effect[object], within: float | None = None
    ) -> Recorded:
        """Record an event and apply its effects, durably and together; see `Ledger.append`.

        `within` is a shorter deadline, of a caller who has another place to turn to.
        """
        if self._thread is None:
            raise AuditUnavailable("the audit log is closed")
        loop = asyncio.get_running_loop()
        deadline = self._deadline if within is None else within
        take_by = time.monotonic() + deadline * _BEGIN_WITHIN
        future: asyncio.Future[Recorded] = loop.create_future()
        entry = Entry(draft, effects, loop, future, take_by)
        self._writer.submit(entry)
        self._deadlines.add(loop, deadline, future, entry.give_up)
        try:
            return await future
        finally:
            entry.take()  # a caller that was cancelled withdraws what was not taken up

    def _check(self, connection: Connection) -> None:
        head = read_head(connection)
        last = connection.execute(text("SELECT max(seq) FROM audit")).scalar_one() or 0
        if last != head.frontier.size:
            raise AuditUnavailable(
                f"the audit log's head says {head.frontier.size} events, its last one is {last}; "
                "run `wardroom audit verify`"
            )
        Seal(self._keys).check(head.frontier, head.note)
