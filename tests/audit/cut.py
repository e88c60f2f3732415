"""Processes that die by SIGKILL at the first, second, third ... thing they do to files or database.

Each begins with a copy of the same folder. What another process then finds there is the test.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import event

from bot.audit.batch import Author
from bot.audit.spool.merging import Merger
from bot.audit.spool.spool import Spool, SpooledLog
from bot.storage.database import Database
from tests.audit.conftest import TurnedClock
from tests.audit.events import a_log
from tests.audit.retention.aged import Aged

DATABASE, ARCHIVES, SPOOL = "log.db", "archives", "spool"
FILES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "os.truncate"}


def prune(folder: Path, at: datetime, counted: Callable[[Database], None]) -> None:
    """Prune the log in a folder as at a moment."""

    async def work() -> None:
        database, clock = Database.open(f"sqlite:///{folder / DATABASE}"), TurnedClock(at)
        async with a_log(database, clock) as log:
            counted(database)
            await Aged(database, log, clock, folder / ARCHIVES).pruner(most=8).prune()

    asyncio.run(work())


def merge(folder: Path, at: datetime, counted: Callable[[Database], None]) -> None:
    """Merge the spool in a folder into the log beside it."""

    async def work() -> None:
        database, clock = Database.open(f"sqlite:///{folder / DATABASE}"), TurnedClock(at)
        async with a_log(database, clock) as log:
            spool = Spool(folder / SPOOL, Author(clock, "1.0", "two"), within=30)
            counted(database)
            await Merger(SpooledLog(log, spool)).look()

    asyncio.run(work())


def at_each_point(work: Callable[..., None], prepared: Path, at: datetime, step: int) -> None:
    """Do the work in copies `1`, `1 + step` ... of a folder, each cut short there, then again.

    Ends with the first that was not killed: its number is in the file `points` beside the folder.
    """
    point, is_over = 1, False
    while not is_over:
        folder = prepared.parent / str(point)
        shutil.copytree(prepared, folder)
        is_over = not _in_a_process(lambda: work(folder, at, _dying(point)))  # noqa: B023 - at once
        if _in_a_process(lambda: work(folder, at, _unharmed)):  # noqa: B023 - at once
            raise AssertionError(f"after {point} it could not go on")
        point += step
    (prepared.parent / "points").write_text(str(point - step))


def _in_a_process(work: Callable[[], None]) -> bool:
    """Fork, do the work, and say whether it was killed; AssertionError where it failed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.waitstatus_to_exitcode(status):
        raise AssertionError("the work failed by itself")
    return False


def _dying(point: int) -> Callable[[Database], None]:
    left = point

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(database: Database) -> None:
        for engine in (database.engine, database.reader):
            for name in ("begin", "commit", "before_cursor_execute", "after_cursor_execute"):
                event.listen(engine, name, lambda *_: count())
        sys.addaudithook(lambda name, _: count() if name in FILES else None)

    return counted


def _unharmed(_: Database) -> None:
    """Let everything happen."""
