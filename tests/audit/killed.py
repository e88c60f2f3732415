"""Processes that record, act and are killed with SIGKILL at a chosen point, many in a row.

One process forks the others: it has loaded everything, runs no thread and holds nothing open.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, event, text

from bot.audit.log import AuditLog
from bot.ports import Transaction
from bot.storage.database import Database
from tests.audit.appender import SystemClock
from tests.audit.events import draft
from tests.signing import KnownKeys

POINTS = ("in the transaction", "at the commit", "before the action", "after the action")


def kill_often(url: str, file: Path, ids: Sequence[int]) -> None:
    """Fork a process for each id, one after the other; each is dead before the next begins."""
    for number in ids:
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(_act(url, file, number))
            finally:
                os._exit(1)  # it should have been killed
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise AssertionError(f"process {number} was not killed: {status}")


async def _act(url: str, file: Path, number: int) -> None:
    point, what = POINTS[number % len(POINTS)], f"action {number}"
    database = Database.open(url)
    if point == "at the commit":
        event.listen(database.engine, "commit", lambda _: _die())
    who = {"software": "1", "replica": str(number), "keys": KnownKeys()}
    async with AuditLog(database, clock=SystemClock(), deadline=60, **who) as log:  # type: ignore[arg-type]  # texts and keys
        intent = await log.append(
            draft(text=what, correlation=what),
            *([_dying] if point == "in the transaction" else []),
        )
        if point == "before the action":
            _die()
        actions = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(actions, f"{intent.event.seq} {what}\n".encode())
        _die()


def hold_head(url: str, held: Path) -> None:
    """Take the row that every writer needs, say so, and hold it until killed."""
    with Database.open(url).engine.connect() as connection:
        connection.execute(text("SELECT * FROM audit_head FOR UPDATE"))
        held.write_text("held\n")
        signal.pause()


def _dying(_: Transaction) -> None:
    _die()


def _die(_: Connection | None = None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
