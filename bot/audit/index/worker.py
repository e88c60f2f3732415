"""The worker of the process that keeps the index up with the log."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import math
import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bot.audit.index.builder import Builder
from bot.audit.index.check import Checked, Stopped, check
from bot.audit.index.folder import Index
from bot.audit.reading import read_size
from bot.storage.database import DRIVER_ERRORS, Database

LOOK_EVERY: Final = 2.0
"""Seconds between two looks at a log that is all in the index."""

MUCH: Final = 16_384
"""Events that are not yet in the index while the log grows: every search reads them, in 50 ms."""

_log = logging.getLogger(__name__)

_AFTER_TROUBLE: Final = 30.0
_REST: Final = 4
_LOCK: Final = "lock"


class Indexer:
    """Owns the builder's thread; of several processes with one folder, one builds at a time."""

    def __init__(self, database: Database, index: Index, *, look_every: float = LOOK_EVERY) -> None:
        self._builder = Builder(database, index)
        self._database, self._index = database, index
        self._look_every = look_every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_building = False
        self.trouble = ""
        self.differed = ""
        self.missing = math.nan
        """Events that are in no shard yet: every search reads them; NaN while another builds."""

    def start(self) -> None:
        """Begin; what goes wrong is said in the log and in `trouble`, and tried again."""
        self._thread = threading.Thread(target=self._run, name="audit-index", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """End after the batch that is being written."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.join)
        self._index.close()

    async def check(self) -> Checked | None:
        """Compare one shard, taken by chance, with the log; what differs is made again.

        None where another process has the folder, there is nothing to compare, or the shard was
        made again meanwhile. sqlite3.Error, OSError or an error of the database.
        """
        numbers = sorted(self._index.paths())
        if not numbers or not self._is_building:
            return None
        number = random.choice(numbers)  # noqa: S311 - nobody gains by knowing which
        try:
            checked = await asyncio.to_thread(
                check, self._database, self._index, number, is_stopped=self._stopping.is_set
            )
        except Stopped:
            return None
        if checked is not None:
            self.differed = checked.said if checked.differing else ""
        return checked

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self._look_every
            try:
                with alone(self._index) as is_alone, contextlib.closing(self._builder):
                    self._is_building = is_alone
                    if is_alone:
                        self._build()
            except (OSError, sqlite3.Error, SQLAlchemyError, *DRIVER_ERRORS) as error:
                pause = _AFTER_TROUBLE
                self._say(error)

    def _build(self) -> None:
        """Keep up with the log until stopped: while it is quiet, or once much is missing.

        The thread shares the process with those who wait for an answer, so it rests four times
        as long as it works.
        """
        pause, seen, done = 0.0, -1, 0
        while not self._stopping.wait(pause):
            started = time.monotonic()
            size = self._database.read_now(read_size)
            is_growing, seen = size != seen, size
            pause = self._look_every
            self.missing = self._index.missing(size)
            if is_growing and size - done < MUCH:
                continue
            if self._builder.step():
                pause = _REST * (time.monotonic() - started)
            else:
                done = size
            self.trouble = ""

    def _say(self, error: Exception) -> None:
        kind = type(error).__name__  # its words may quote what was being read
        if kind != self.trouble:
            _log.warning("the search index cannot be kept up: %s in %s", kind, self._index.folder)
        self.trouble = kind


@contextlib.contextmanager
def alone(index: Index) -> Iterator[bool]:
    """Hold the folder's lock meanwhile; False where another process has it."""
    index.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(index.folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(file)
