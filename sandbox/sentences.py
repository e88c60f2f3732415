"""What can be wrong on a newcomer's machine, said in one sentence with what to do."""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


ROOMY_BYTES = 400_000_000


class Problem(Exception):
    """The hospital cannot go on; the text is one sentence that says what to do."""


def require_space(folder: Path, needed: int) -> None:
    """Raise `Problem` where the disk of a folder has less free than `needed` bytes."""
    if shutil.disk_usage(folder).free < needed:
        raise _full(folder, needed)


def _full(folder: Path, needed: int) -> Problem:
    return Problem(
        f"The disk that holds {folder} is full: free about {needed // 1_000_000} MB, or set"
        " WARDROOM_HOME to a folder on another disk."
    )


def about_disk(error: OSError, home: Path) -> Problem:
    """Return the sentence for a home that cannot be written."""
    where = error.filename or home
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(home, ROOMY_BYTES)
    return Problem(
        f"Cannot write to {where} ({error.strerror}): make {home} writable, or set WARDROOM_HOME"
        " to a folder of yours."
    )
