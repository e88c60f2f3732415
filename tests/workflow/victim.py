"""A process that does durable work until it kills itself: `python -m tests.workflow.victim`.

Arguments: the database's URL, a file that its effects are written to, and where to die: "before
two", "in two", "after two", "after rejection", or "never". It starts one workflow, which is a
no-op when it was started before, and waits for its end.
"""

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


async def main(url: str, effects: str, death: str) -> int:
    """Work, and exit 0 at the workflow's end, 3 where the database is somebody else's."""
    database = Database.open(url)
    engine = DurableEngine(database)
    engine.register(WORKFLOW, Victim(Path(effects), death).body)
    try:
        await engine.launch()
    except ConfigurationError as error:
        sys.stdout.write(str(error))
        return 3
    await database.write(engine.start(WORKFLOW, KEY))
    ended = await engine.wait(WORKFLOW, KEY, seconds=60)
    await engine.close()
    database.close()
    return 0 if ended else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
