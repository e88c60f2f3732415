"""A process that does durable work until it kills itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from bot.errors import ConfigurationError, Rejected
from bot.model import Json
from bot.ports import Steps
from bot.storage.database import Database
from bot.workflow.engine import DurableEngine

WORKFLOW = "deploy"
KEY = "DEP-1"
REFUSED = 3


class Victim:
    """A body of four steps whose third is always rejected."""

    def __init__(self, effects: Path, death: str) -> None:
        self._effects = effects
        self._death = death

    async def body(self, steps: Steps, key: str) -> None:
        """Note every effect; die where that was asked for."""
        assert key == KEY
        await steps.run("one", self._one)
        self._die("before two")
        two = await steps.run("two", self._two)
        self._note(f"got {two}")
        self._die("after two")
        try:
            await steps.run("three", self._three)
        except Rejected as rejection:
            self._die("after rejection")
            self._note(f"rejected: {rejection.text}")
        await steps.run("four", self._four)

    async def _one(self) -> Mapping[str, Json]:
        self._note("one")
        return {}

    async def _two(self) -> Mapping[str, Json]:
        self._note("two")
        self._die("in two")
        return {"build": "12"}

    async def _three(self) -> Mapping[str, Json]:
        self._note("three")
        raise Rejected("no such builder")

    async def _four(self) -> Mapping[str, Json]:
        self._note("four")
        return {}

    def _note(self, line: str) -> None:
        with self._effects.open("a") as file:
            file.write(f"{line}\n")

    def _die(self, where: str) -> None:
        if where == self._death:
            os.kill(os.getpid(), signal.SIGKILL)


def live(url: str, effects: Path, death: str) -> None:
    """Start one workflow (a no-op if it was started before) and wait for its end.

    `death` is where to die: "before two", "in two", "after two", "after rejection" or "never".
    """
    try:
        sys.exit(asyncio.run(_live(url, effects, death)))
    except ConfigurationError as error:
        effects.write_text(str(error))
        sys.exit(REFUSED)


async def _live(url: str, effects: Path, death: str) -> int:
    database = Database.open(url)
    engine = DurableEngine(database)
    engine.register(WORKFLOW, Victim(effects, death).body)
    await engine.launch()
    await database.write(engine.start(WORKFLOW, KEY))
    ended = await engine.wait(WORKFLOW, KEY, seconds=60)
    await engine.close()
    database.close()
    return 0 if ended else 1
