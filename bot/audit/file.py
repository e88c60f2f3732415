"""Notices that the database's file was deleted or replaced while it is open.

SQLite goes on writing to a file that has no name any more, and says that all is well.
"""

from __future__ import annotations

import os
from pathlib import Path

from bot.errors import AuditUnavailable


class Watch:
    """Remembers which file, and which write-ahead log, a connection has open."""

    def __init__(self, file: Path) -> None:
        self._file = str(file)
        self._wal = f"{file}-wal"
        self._known = _identity(self._file)
        self._known_wal: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise AuditUnavailable unless what was just committed can be found under its name."""
        wal = _identity(self._wal)
        if self._known_wal is None:
            self._known_wal = wal  # it exists from the first commit until the connection closes
        if _identity(self._file) != self._known or wal != self._known_wal or wal is None:
            raise AuditUnavailable("the database's file was deleted or replaced under the log")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - after every commit; pathlib costs twice as much
    except OSError:
        return None
    return found.st_dev, found.st_ino
