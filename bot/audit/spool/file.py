"""One file of the spool: written, synced, and looked for under its name after every record."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final, Self

from bot.audit.spool.lines import Header, head_of, header_line, record_line
from bot.model import Draft

SUFFIX: Final = ".spool"
_MODE: Final = 0o600
_CHUNK: Final = 2**20


class Lost(Exception):
    """Nothing more can be kept in this file; what it holds can still be read while it is open."""


class SpoolFile:
    """An open spool: locked for as long as its process lives, so that nobody else merges it.

    Used by one thread. Raises OSError where a record could not be kept and nothing of it remains,
    and `Lost` where the file is not to be used again.
    """

    def __init__(self, path: Path, header: Header, descriptor: int) -> None:
        self.path, self.header, self.count = path, header, 0
        self._descriptor, self._length, self._last = descriptor, 0, 0
        self._head = ""
        self._is_lost = False

    @classmethod
    def made(cls, folder: Path, header: Header) -> Self:
        """Make a new file in a folder, which is made too, for its owner alone."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{header.spool}{SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _MODE)
        file = cls(path, header, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            line = header_line(header)
            file._put(line)
            file._head = head_of(line)
            sync(folder)
        except (OSError, Lost):
            with contextlib.suppress(OSError):
                path.unlink()
            file.close()
            raise
        return file

    def append(self, draft: Draft, now: int) -> None:
        """Keep a record durably; `now` is in microseconds, and never goes back in a spool."""
        if self._is_lost:
            raise Lost("it has failed before")
        ts = max(now, self._last)
        line = record_line(draft, n=self.count + 1, ts=ts, before=self._head)
        self._put(line)
        self._head, self._last, self.count = head_of(line), ts, self.count + 1
        self._check()

    def read(self) -> bytes:
        """Return everything in the file, also where its name is gone."""
        return read_open(self._descriptor)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _put(self, line: bytes) -> None:
        whole, done = line + b"\n", 0
        try:
            while done < len(whole):
                done += os.pwrite(self._descriptor, whole[done:], self._length + done)
        except OSError:
            self._undo()
            raise
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            # What the kernel could not write it may have dropped: a second sync proves nothing.
            self._is_lost = True
            raise Lost(f"it could not be synced: {error.strerror}") from error
        self._length += len(whole)

    def _undo(self) -> None:
        """Take back half a record, which would stand in the way of the next."""
        try:
            os.ftruncate(self._descriptor, self._length)
        except OSError as error:
            self._is_lost = True
            raise Lost(f"half a record stands in it: {error.strerror}") from error

    def _check(self) -> None:
        open_one = os.fstat(self._descriptor)
        try:
            named = self.path.stat()
        except OSError:
            named = None
        if named is None or (named.st_dev, named.st_ino) != (open_one.st_dev, open_one.st_ino):
            self._is_lost = True
            raise Lost("it was deleted or replaced")


def read_open(descriptor: int) -> bytes:
    """Return the whole of an open file."""
    chunks, at = [], 0
    while chunk := os.pread(descriptor, _CHUNK, at):
        chunks.append(chunk)
        at += len(chunk)
    return b"".join(chunks)


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
