"""What a process runs at the moment, and how it comes to rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

AGAIN_SECONDS = 0.5  # until what was cancelled and goes on is cancelled again


class Activity:
    """What this process runs now, and whether it is closing: then no further step begins."""

    def __init__(self) -> None:
        self.runs: set[asyncio.Task[object]] = set()
        self.closing = False
        self._steps = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def pass_or_park(self) -> None:
        """Go on; where the engine is closing, wait to be cancelled instead."""
        if self.closing:
            await asyncio.Event().wait()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Count a step while it runs."""
        self._steps += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._steps -= 1
            if not self._steps:
                self._quiet.set()

    async def stop(self, grace_seconds: float) -> None:
        """Let running steps finish within the grace, then cancel every run."""
        self.closing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await self._quiet.wait()
        # Again, for a library may swallow a cancellation that comes with its answer; what goes on
        # then parks before its next step, and would wait there for ever.
        while self.runs:
            for run in self.runs:
                run.cancel()
            await asyncio.wait(self.runs, timeout=AGAIN_SECONDS)
