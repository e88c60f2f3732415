"""The one thread that writes the log: everything that waits becomes one transaction."""

from __future__ import annotations

import contextlib
import logging
import queue
import time
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.audit.ballast import MB, Ballast
from bot.audit.batch import POSTGRESQL, SQLITE, Author, Head, TransactionLost, read_head, write
from bot.audit.entry import Answer, Entry, deliver
from bot.audit.file import Watch
from bot.audit.keys import KeyStore
from bot.audit.seal import Seal
from bot.errors import AuditUnavailable
from bot.model import Draft, Kind
from bot.storage.database import DRIVER_ERRORS, Database

_log = logging.getLogger(__name__)

_BATCH: Final = 256
# After one of these the kernel may have dropped what it could not write, and a second fsync would
# succeed without it: nothing this process says about the file can be believed any more.
_FATAL: Final = frozenset({"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"})
_FULL: Final = "SQLITE_FULL"
_UNWRITABLE: Final = (
    AuditUnavailable,
    OSError,
    SQLAlchemyError,
    TransactionLost,
    *DRIVER_ERRORS,
)
_LOOK_SECONDS: Final = 2.0  # for room, while the disk is full


class Writer:
    """Owns the writing connection; everything but `submit` and `stop` runs in its thread."""

    def __init__(
        self,
        database: Database,
        author: Author,
        keys: KeyStore,
        ballast: Ballast | None = None,
    ) -> None:
        self._database = database
        self._author = author
        self._seal = Seal(keys)
        self._statements = SQLITE if database.is_sqlite else POSTGRESQL
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._watch: Watch | None = None
        self._head: Head | None = None
        self._taken: list[Entry] = []
        self._late: list[Entry] = []
        self._trouble = ""
        self._halted = ""
        self._ballast = ballast
        self._is_full = False
        self.is_broken = False

    def submit(self, entry: Entry) -> None:
        """Queue an entry; AuditUnavailable at once when the log has stopped for good."""
        if self.is_broken or self._halted:
            raise AuditUnavailable(self.trouble)
        self._queue.put(entry)

    def halt(self, sentence: str) -> None:
        """Refuse every entry from now on, because somebody outside says this is not the log."""
        self._halted = sentence

    @property
    def trouble(self) -> str:
        """Why nothing can be written now, "" while all is well."""
        return self._halted or self._trouble

    def stop(self) -> None:
        """End the thread when everything that waits now is done."""
        self._queue.put(None)

    def run(self) -> None:
        """Serve the queue until stopped."""
        self._take_room()
        while (entry := self._next()) is not None:
            try:
                self._resume()
                answers = self._commit(entry)
            except Exception as error:  # noqa: BLE001 - the worker's edge: its callers are told
                self._fail(entry, error)
            else:
                self._recovered()
                deliver(answers)
            self._refuse_late()
        self._close()

    def _next(self) -> Entry | None:
        while self._is_full and not self.is_broken:
            try:
                return self._queue.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                with contextlib.suppress(*_UNWRITABLE):  # said already; the next look tries again
                    self._resume()
                    self._recovered()
        return self._queue.get()

    def _commit(self, first: Entry, *, alone: bool = False) -> list[Answer]:
        self._taken = []
        if self._halted or self.is_broken:
            raise AuditUnavailable(self.trouble)
        with self._database.turn:
            connection = self._open()
            with connection.begin():
                head = read_head(connection, self._statements.read_head)
                self._check(head)
                self._seal.prepare(head.frontier, head.note)
                # Only now: an entry that waited for the lock can still be withdrawn.
                self._take(first, alone=alone)
                held = connection, self._statements, head, self._taken, self._author
                head, answers = write(*held, sign=self._seal.note)
                if any(entry.abandoned for entry in self._taken):
                    raise AuditUnavailable("the audit log is too slow")
            if self._watch:
                self._watch.check()
        self._head = head
        self._seal.trust(head.note)
        return answers

    def _open(self) -> Connection:
        if self._connection is None:
            watch = Watch(self._database.file) if self._database.file else None
            self._connection = self._database.engine.connect()
            self._watch = watch
        return self._connection

    def _check(self, head: Head) -> None:
        """The log only grows: an older copy in its place must not be continued."""
        if self._head is None:
            return
        known, found = self._head.frontier, head.frontier
        if found.size < known.size or (found.size == known.size and found != known):
            raise AuditUnavailable(
                f"the audit log went back from {known.size} to {found.size} events: an older copy "
                "stands in its place"
            )

    def _take(self, first: Entry | None, *, alone: bool = False) -> None:
        entry, now = first, time.monotonic()
        while entry is not None:
            if entry.take():
                (self._taken if now < entry.take_by else self._late).append(entry)
            if alone or len(self._taken) == _BATCH:
                return
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return
        self._queue.put(None)  # stopping: `run` ends after this batch

    def _fail(self, first: Entry, error: Exception) -> None:
        if not self._taken:
            self._take(first)
        self._close()
        sentence = _sentence(error)
        self._stop_if_fatal(error)
        if sentence != self._trouble:
            _log.error("the audit log cannot be written: %s", sentence)
        self._trouble = sentence
        deliver([(entry, _unavailable(sentence, error)) for entry in self._taken])
        if getattr(_cause(error), "sqlite_errorname", "") == _FULL and not self._is_full:
            self._halt_for_room()

    def _take_room(self) -> None:
        if self._ballast is not None:
            try:
                self._ballast.make()
            except OSError as error:
                _log.warning("no room could be kept on the log's disk: %s", error.strerror)

    def _halt_for_room(self) -> None:
        """Say in the log, in the room that was kept for it, that nothing more is written."""
        if self._ballast is None:
            return
        self._is_full = True
        self._trouble = _full(self._ballast)
        try:
            self._ballast.release()
            self._say("audit_halted", "The disk is full: nothing is recorded, so nothing is done.")
        except _UNWRITABLE as error:
            _log.error("that the disk is full could not be recorded: %s", _sentence(error))

    def _resume(self) -> None:
        """Go on where there is room again; AuditUnavailable where there is not."""
        if not self._is_full or self._ballast is None:
            return
        if not self._ballast.has_room:
            raise AuditUnavailable(_full(self._ballast))
        self._ballast.make()
        self._say("audit_resumed", "There is room on the disk again: the log goes on.")
        self._is_full = False

    def _say(self, verb: str, text: str) -> None:
        draft = Draft(kind=Kind.SYSTEM, verb=verb, correlation=verb, text=text)
        try:
            self._commit(Entry(draft, (), None, None, time.monotonic() + 1), alone=True)
        except _UNWRITABLE as error:
            self._close()
            self._stop_if_fatal(error)
            raise
        finally:
            self._taken = []

    def _stop_if_fatal(self, error: Exception) -> None:
        self.is_broken |= getattr(_cause(error), "sqlite_errorname", "") in _FATAL

    def _refuse_late(self) -> None:
        late, self._late = self._late, []
        deliver([(entry, AuditUnavailable("the audit log is too busy")) for entry in late])

    def _recovered(self) -> None:
        if self._trouble:
            _log.warning("the audit log can be written again")
            self._trouble = ""

    def _close(self) -> None:
        connection, self._connection, self._watch = self._connection, None, None
        if connection is not None:
            # Not back into the pool: what is wrong with it may stay wrong.
            connection.invalidate()
            connection.close()


def _full(ballast: Ballast) -> str:
    folder, room = ballast.file.parent, 2 * ballast.size // MB
    return f"the disk of {folder} is full; make room for {room} MB, and the log goes on by itself"


def _unavailable(sentence: str, cause: Exception) -> AuditUnavailable:
    error = AuditUnavailable(sentence)
    error.__cause__ = cause
    return error


def _cause(error: BaseException) -> BaseException:
    """Return what the driver said, without what SQLAlchemy wraps around it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error


def _sentence(error: Exception) -> str:
    """Return the first line: PostgreSQL's further lines may quote what was being stored."""
    return str(_cause(error)).strip().partition("\n")[0] or type(error).__name__
