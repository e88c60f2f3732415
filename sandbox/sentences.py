"""What can be wrong on a newcomer's machine, said in one sentence with what to do."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Problem(Exception):
    """The hospital cannot go on; the text is one sentence that says what to do."""


def about_disk(error: OSError, home: Path) -> Problem:
    """Return the sentence for a home that cannot be written."""
    where = error.filename or home
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem(
            f"The disk that holds {home} is full: free about 400 MB, or set WARDROOM_HOME to a"
            " folder on another disk."
        )
    return Problem(
        f"Cannot write to {where} ({error.strerror}): make {home} writable, or set WARDROOM_HOME"
        " to a folder of yours."
    )
