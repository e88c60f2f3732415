"""A process that records and acts as fast as it can, until it is killed.

It has some threads, each with an event loop of its own.
Every action is a line in FILE, written only after its intent was recorded.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from bot.audit.log import AuditLog
from bot.model import Kind
from bot.storage.database import Database
from tests.audit.events import draft
from tests.signing import KnownKeys

THREADS = 8


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return it, in UTC."""
        return datetime.now(UTC)


async def _act(log: AuditLog, actions: int, count: int | None) -> None:
    numbers = itertools.count() if count is None else range(count)
    for number in numbers:
        what = f"{os.getpid()}-{threading.get_ident()}-{number}"
        intent = await log.append(draft(text=what))
        os.write(actions, f"{intent.event.seq} {what}\n".encode())
        await log.append(draft(kind=Kind.OUTCOME, text=what))


async def _main(url: str, file: Path, count: int | None, threads: int) -> None:
    database = Database.open(url)
    actions = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    async with AuditLog(
        database,
        clock=SystemClock(),
        software="1",
        replica=str(os.getpid()),
        keys=KnownKeys(),
        deadline=30,
    ) as log:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(threads) as pool:
            acting = [_act(log, actions, count) for _ in range(threads)]
            await asyncio.gather(*(loop.run_in_executor(pool, asyncio.run, one) for one in acting))
    database.close()


def append(url: str, file: Path, count: int | None = None, threads: int = THREADS) -> None:
    """Record and act, `count` times in each thread or for ever."""
    asyncio.run(_main(url, file, count, threads))
