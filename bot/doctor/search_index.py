"""The search index: how much of the log is not in it, and so is read by every search."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from bot.audit.index.folder import Index
from bot.audit.reading import read_size
from bot.doctor.database import opened
from bot.doctor.finding import Finding, ok, skip, warn
from bot.errors import WardroomError
from bot.storage.database import DRIVER_ERRORS

if TYPE_CHECKING:
    from pathlib import Path

    from bot.doctor.case import Case

NAME = "search index"
MUCH = 100_000
"""Events that are not in it, from which on searches take a second and more."""


async def look(case: Case) -> list[Finding]:
    """Look at the folder and at how far its shards go; nothing is made."""
    folder = case.settings.audit.index
    if not folder:
        text = "is turned off: every search reads the log itself"
        return [skip(NAME, text, "set audit.index to a folder on this machine's disk")]
    return [await asyncio.to_thread(_look, case, folder)]


def _look(case: Case, folder: Path) -> Finding:
    try:
        with opened(case) as database:
            size = database.read_now(read_size)
    except (WardroomError, SQLAlchemyError, *DRIVER_ERRORS):
        return skip(NAME, "the log cannot be read", "mend the database first")
    if not folder.is_dir():
        return ok(NAME, f"{folder} is not there yet; the running service makes it")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return warn(NAME, f"this user cannot write {folder}", f"chown -R wardroom {folder}")
    index = Index(folder)
    missing, shards = index.missing(size), len(index.paths())
    index.close()
    text = f"{size - missing:,} of {size:,} events in {shards} shards"
    if missing > MUCH:
        mend = "leave the service running: it makes a million events in some minutes"
        return warn(NAME, f"{text}; searches read the other {missing:,} and are slow", mend)
    return ok(NAME, f"{text}; searches read the other {missing:,}")
