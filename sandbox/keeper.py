"""Keep one program running: start it, start it again when it ends, stop it for good."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sandbox.mortal import wrapped
from sandbox.sentences import Problem

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_SECONDS = 10
TERM_SECONDS = 5
UP_SECONDS = 60
POLL_SECONDS = 0.05
LONGEST_LOG = 5_000_000


@dataclass(frozen=True)
class Program:
    """What to run. `command` is asked at each start: a deploy changes what is current.

    `answers` asks the program itself how it is: what it says, or None while it says nothing.
    """

    name: str
    command: Callable[[], Sequence[str]]
    env: Callable[[], Mapping[str, str]]
    folder: Path
    log: Path
    answers: Callable[[], Awaitable[Mapping[str, Any] | None]]


def open_log(path: Path) -> IO[bytes]:
    """Open a log to append to; one that has grown long begins anew."""
    long = path.exists() and path.stat().st_size > LONGEST_LOG
    return path.open("wb" if long else "ab")


class Keeper:
    """One program and its process; restarts come with growing pauses while it keeps ending."""

    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program = program
        self.starts = 0
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Return the process that runs now, if any."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Keep the program running from now on."""
        if self._task is None or self._task.done():
            self._stop.clear()
            self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the process and its group, and do not start it again."""
        self._stop.set()
        if self._task is not None:
            await self._end()
            await self._task

    async def restart(self) -> dict[str, Any]:
        """Replace the process by a new one; returns what the new one says once it answers."""
        async with self._turn:
            await self.stop()
            before = self.starts
            self.start()
            return await self.up(before)

    async def up(self, before: int = 0) -> dict[str, Any]:
        """Wait for the program to answer; `Problem` when it ends or stays silent instead."""
        until = time.monotonic() + UP_SECONDS
        while time.monotonic() < until:
            pid = self.pid
            said = await self.program.answers() if pid is not None else None
            if said is not None and self.pid == pid:
                return {**said, "pid": pid}
            if self.starts > before + 1:
                raise Problem(f"{self.program.name} ended as it started: see {self.program.log}")
            await asyncio.sleep(POLL_SECONDS)
        raise Problem(
            f"{self.program.name} did not answer in {UP_SECONDS} s: see {self.program.log}"
        )

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            began = time.monotonic()
            code = await self._run()
            if self._stop.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            self._say(f"{self.program.name} ended with {code}; starting it again in {pause:.2g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _run(self) -> int:
        program = self.program
        self.starts += 1
        with open_log(program.log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *wrapped(program.command()),
                cwd=program.folder,
                env=program.env(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        if self._stop.is_set():  # asked to stop while it was being started
            self._signal(signal.SIGKILL)
        return await self._process.wait()

    async def _end(self) -> None:
        self._signal(signal.SIGTERM)
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            await asyncio.wait_for(process.wait(), TERM_SECONDS)
        except TimeoutError:
            self._signal(signal.SIGKILL)

    def _signal(self, wanted: signal.Signals) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, wanted)
