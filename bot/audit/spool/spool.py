"""Keeps records in a file while the log cannot be written: the second durable place."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.audit.record import Stamp, compose, encode, microseconds
from bot.audit.spool.file import Lost, SpoolFile
from bot.audit.spool.lines import Header
from bot.errors import AuditUnavailable
from bot.ids import uuid7

if TYPE_CHECKING:
    from bot.audit.batch import Author
    from bot.audit.log import AuditLog
    from bot.model import Draft
    from bot.ports import Effect

_log = logging.getLogger(__name__)

WITHIN: Final = 0.5
"""Seconds of a caller's two that are left for the spool; the log has the others."""

_RANDOM: Final = 10
_ANY: Final = Stamp(seq=1, ts=0, id="", software="", replica="")


class Spool:
    """The files of this process in the spool's folder; one is written at a time.

    Everything that touches a file runs in one thread of the spool's own, so that a disk that
    hangs holds up nobody but those who wait for it.
    """

    def __init__(self, folder: Path, author: Author, *, within: float = WITHIN) -> None:
        self.folder, self.within = folder, within
        self.trouble = ""
        self._author = author
        self._file: SpoolFile | None = None
        self._ended: list[SpoolFile] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-spool")

    @property
    def is_empty(self) -> bool:
        """Say whether this process has no file."""
        return self._file is None and not self._ended

    @property
    def waiting(self) -> int:
        """How many records of this process are not in the log yet."""
        files = [*self._ended, *([self._file] if self._file else [])]
        return sum(file.count for file in files)

    async def keep(self, draft: Draft) -> None:
        """Make a record durable; AuditUnavailable where that fails, which is never tried again."""
        if not draft.correlation:
            raise ValueError("a spooled record needs a correlation, by which it is found again")
        encode(compose(draft, _ANY))  # what the log would refuse could never be merged
        kept = asyncio.get_running_loop().run_in_executor(self._thread, self._keep, draft)
        try:
            # What waits behind a disk that hangs is cancelled with it, and never written.
            await asyncio.wait_for(kept, self.within)
        except TimeoutError:
            self.trouble = "the spool's disk does not answer"
            raise AuditUnavailable(self.trouble) from None

    async def cut(self) -> list[SpoolFile]:
        """Return the files that are to be merged now; what is kept from here on has another."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._cut)

    async def drop(self, file: SpoolFile) -> None:
        """Let go of a file whose records are in the log."""
        self._ended.remove(file)
        await asyncio.get_running_loop().run_in_executor(self._thread, file.close)

    def close(self) -> None:
        """Let go of the files; the next start merges what is in them."""
        self._thread.shutdown(cancel_futures=True)
        for file in self._cut():
            file.close()

    def _keep(self, draft: Draft) -> None:
        now = microseconds(self._author.clock.now())
        try:
            if self._file is None:
                self._file = SpoolFile.made(self.folder, self._header(now))
                _log.warning("records are spooled until the audit log can be written")
            self._file.append(draft, now)
        except Lost as error:
            self._cut()
            raise self._troubled(f"{self.folder}: {error}") from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise self._troubled(f"no room is left for the spool in {self.folder}") from error
            said = f"the spool in {self.folder} cannot be written: {error.strerror}"
            raise self._troubled(said) from error
        self.trouble = ""

    def _cut(self) -> list[SpoolFile]:
        file, self._file = self._file, None
        if file is not None:
            self._ended.append(file)
        return list(self._ended)

    def _troubled(self, sentence: str) -> AuditUnavailable:
        if self.trouble != sentence:
            _log.error("a record could not be spooled: %s", sentence)
        self.trouble = sentence
        return AuditUnavailable(sentence)

    def _header(self, now: int) -> Header:
        name = uuid7(now, os.urandom(_RANDOM))
        return Header(name, self._author.replica, self._author.software)


@dataclass
class SpooledLog:
    """The `Records`: the log, and the spool where the log does not answer in time.

    While `is_away` nobody waits for the log: its absence would cost every reading the deadline.
    """

    log: AuditLog
    spool: Spool | None
    is_away: bool = False

    async def record(self, draft: Draft, *effects: Effect[object], spooled: bool = False) -> bool:
        """Append, or keep in the spool without the effects; see `bot.ports.Records`."""
        if self.spool is None:
            await self.log.append(draft, *effects)
            return True
        if not spooled and not self.is_away:
            try:
                await self.log.append(draft, *effects, within=self.log.deadline - self.spool.within)
            except AuditUnavailable as error:
                await self._keep(self.spool, draft, error)
                self.is_away = True
            else:
                return True
        else:
            await self.spool.keep(draft)
        return False

    async def attempt(self, draft: Draft) -> bool:
        """Keep in the spool alone what could not be done for want of the log; say whether it is."""
        if self.spool is None:
            return False
        try:
            await self.spool.keep(draft)
        except AuditUnavailable:
            return False
        self.is_away = True
        return True

    @staticmethod
    async def _keep(spool: Spool, draft: Draft, error: AuditUnavailable) -> None:
        try:
            await spool.keep(draft)
        except AuditUnavailable as second:
            raise AuditUnavailable(f"{error}; {second}") from error
