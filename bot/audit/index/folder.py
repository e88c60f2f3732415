"""The folder of shards: which there are, one to ask, one to make, one to throw away.

A shard that is made again gets a new name. So nobody who still has the old file open can take its
write-ahead log for the new one's.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.audit.index import shard
from bot.audit.index.plan import Odd
from bot.audit.index.shard import Claim
from bot.audit.index.words import Words

SHARD_SIZE: Final = 1 << 20
"""Events in a shard: a whole subtree of the log's tree."""

_NAME: Final = re.compile(r"([0-9]{6})-[0-9a-f]{8}\.sqlite")


@dataclass
class Reading:
    """An open shard, one search at a time, with the list of runs that all of them share."""

    connection: sqlite3.Connection
    words: Words
    claim: Claim = field(default_factory=lambda: Claim(1, 0, 0))

    def refresh(self) -> None:
        """Read what the shard says now, and the runs that are new."""
        self.claim = shard.read_claim(self.connection)
        new = "SELECT group_concat(run, char(10)), max(id) FROM word WHERE id > ?"
        lines, last = self.connection.execute(new, (self.words.last,)).fetchone()
        if lines is not None:
            self.words.add(lines, last)

    @property
    def odd(self) -> Odd:
        """Return whether the shard has events that no word speaks for."""
        return Odd(self.claim.damaged > 0, self.claim.long > 0)


class Index:
    """The shards of a folder; may be used from several threads and, but for `make`, processes."""

    def __init__(self, folder: Path, shard_size: int = SHARD_SIZE) -> None:
        self.folder = folder
        self.shard_size = shard_size
        self._free: dict[Path, list[Reading]] = {}
        self._words: dict[Path, Words] = {}
        self._full: dict[Path, int] = {}
        self._lock = threading.Lock()

    def number_of(self, seq: int) -> int:
        """Return which shard an event belongs to."""
        return (seq - 1) // self.shard_size

    def range_of(self, number: int) -> tuple[int, int]:
        """Return a shard's first and last event."""
        return number * self.shard_size + 1, (number + 1) * self.shard_size

    def paths(self) -> dict[int, Path]:
        """Return the files there are, by the shard's number; nothing where there is no folder."""
        try:
            names = sorted(os.listdir(self.folder))  # noqa: PTH208 - for every search
        except OSError:
            return {}
        found = ((match, name) for name in names if (match := _NAME.fullmatch(name)))
        return {int(match[1]): self.folder / name for match, name in found}

    def missing(self, size: int) -> int:
        """Return how many events of a log of this size are in no shard: searches read them."""
        paths, missing = self.paths(), 0
        for number in range(self.number_of(size) + 1 if size else 0):
            first, last = self.range_of(number)
            high = self._high(paths.get(number), first)
            missing += max(min(size, last) - high, 0)
        return missing

    def _high(self, path: Path | None, first: int) -> int:
        if path is None:
            return first - 1
        if path in self._full:
            return self._full[path]
        try:
            with contextlib.closing(shard.open_for_reading(path)) as connection:
                claim = shard.read_claim(connection)
        except (sqlite3.Error, shard.Unusable):
            return first - 1
        if claim.is_full:
            self._full[path] = claim.high
        return claim.high

    def make(self, number: int) -> tuple[Path, sqlite3.Connection]:
        """Make an empty shard and open it for writing."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{number:06}-{secrets.token_hex(4)}.sqlite"
        for left in self.folder.glob("*.new*"):
            left.unlink()  # of a process that was killed here
        shard.create(path, *self.range_of(number))
        return path, shard.open_for_writing(path)

    def drop(self, path: Path) -> None:
        """Throw a shard away: none of its bytes stay in the folder."""
        with self._lock:
            free = self._free.pop(path, [])
            self._words.pop(path, None)
        for reading in free:
            reading.connection.close()
        for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            name.unlink(missing_ok=True)

    def forget(self, seq: int) -> None:
        """Throw away the shard that an event is in; it is made again from what the log then has.

        Call it when the event's words are gone from the log.
        """
        path = self.paths().get(self.number_of(seq))
        if path is not None:
            self.drop(path)

    @contextlib.contextmanager
    def reading(self, path: Path) -> Iterator[Reading]:
        """Lend a shard to one search, on one snapshot; sqlite3.Error or Unusable."""
        with self._lock:
            free = self._free.setdefault(path, [])
            reading = free.pop() if free else None
            words = self._words.setdefault(path, Words())
        if reading is None:
            reading = Reading(shard.open_for_reading(path), words)
        is_well = False
        try:
            reading.connection.execute("BEGIN")
            with self._lock:
                reading.refresh()
            yield reading
            is_well = True
        except GeneratorExit:
            is_well = True  # a search that has enough
            raise
        finally:
            if is_well:
                reading.connection.execute("ROLLBACK")
                self._keep(path, reading)
            else:
                reading.connection.close()  # the next search opens it again

    def _keep(self, path: Path, reading: Reading) -> None:
        with self._lock:
            if path in self._free and path.exists():
                self._free[path].append(reading)
                return
            self._free.pop(path, None)
            self._words.pop(path, None)
        reading.connection.close()

    def close(self) -> None:
        """Close the shards that nobody is asking."""
        with self._lock:
            lent, self._free = self._free, {}
        for reading in (each for free in lent.values() for each in free):
            reading.connection.close()
