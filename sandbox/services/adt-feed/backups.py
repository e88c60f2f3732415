"""Copies of the feed's queue, made while the feed works, and when the newest was finished."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import sqlite3
from pathlib import Path

SECONDS_BETWEEN = 300.0


class Backups:
    """One copy beside the queue: whole, or the one before it."""

    def __init__(self, queue: Path, copy: Path) -> None:
        self._queue = queue
        self._copy = copy

    def make(self) -> None:
        """Copy the queue as it is at one moment, whatever is written meanwhile."""
        self._copy.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._copy.with_name(f".{self._copy.name}")
        fresh.unlink(missing_ok=True)
        with (
            contextlib.closing(sqlite3.connect(self._queue)) as source,
            contextlib.closing(sqlite3.connect(fresh)) as target,
        ):
            source.backup(target)
        fresh.replace(self._copy)

    def finished(self) -> str | None:
        """Return when the newest copy was finished, None where there is none."""
        try:
            at = self._copy.stat().st_mtime
        except FileNotFoundError:
            return None
        return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="seconds")

    async def keep(self, seconds: float = SECONDS_BETWEEN) -> None:
        """Make one every so many seconds; one that failed is made again the next time."""
        while True:
            with contextlib.suppress(OSError, sqlite3.Error):
                await asyncio.to_thread(self.make)
            await asyncio.sleep(seconds)
