"""A file that holds room on the database's disk, so that a full disk can still be recorded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.audit.spool.file import sync

MB: Final = 1_000_000
_ENOUGH: Final = 2  # of what the ballast holds: it is to be made again, and something left over


@dataclass(frozen=True)
class Ballast:
    """Room for `size` bytes in a file. Raises OSError where there is no room to take."""

    file: Path
    size: int

    def make(self) -> None:
        """Take the room, durably, where it is not taken yet."""
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            missing = self.size - os.fstat(descriptor).st_size
            if missing > 0:
                os.posix_fallocate(descriptor, self.size - missing, missing)
                os.fsync(descriptor)
        except OSError:
            self.file.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    def release(self) -> None:
        """Give the room back."""
        self.file.unlink(missing_ok=True)
        sync(self.file.parent)

    @property
    def has_room(self) -> bool:
        """Say whether the disk has room to go on with."""
        found = os.statvfs(self.file.parent)
        return found.f_bavail * found.f_frsize >= self.size * _ENOUGH
