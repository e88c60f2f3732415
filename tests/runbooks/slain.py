"""A house that types some lines and is killed at one moment of one step of a run."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bot.model.runs import RunState
from tests.house import Chat, opened
from tests.twins import TwinCi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Build, Invocation, Reply, Service
    from bot.model.runs import RunbookRun

JOBS = "jobs"
_QUIET = (RunState.WAITING, RunState.PENDING, RunState.STOPPED, RunState.ENDED)


@dataclass(frozen=True)
class Fatal:
    """The line that is the end, and the moment of it: before or during."""

    line: str
    moment: str


class WrittenCi(TwinCi):
    """A CI server that outlives the house: what it was told to do is in a file."""

    def __init__(self, file: Path, dies: str = "") -> None:
        super().__init__()
        self._file, self._dies = file, dies

    def told(self) -> Sequence[str]:
        """Return what it was told to build."""
        return self._file.read_text().split() if self._file.exists() else []

    async def trigger(self, service: Service, ref: str, *, correlation: str) -> Build:
        """Write it down; the answer may be lost."""
        with self._file.open("a") as kept:
            kept.write(f"{correlation}\n")
        if self._dies == "ci run":
            die()
        return await super().trigger(service, ref, correlation=correlation)


def die() -> NoReturn:
    """Be gone, with nothing put in order."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it was to be killed")


def arm(chat: Chat, fatal: Fatal) -> None:
    """Have the house die where a line is typed."""
    handle = chat.house.road.handle

    async def typed(invocation: Invocation) -> Reply:
        if fatal.moment == "before" and invocation.text.startswith(fatal.line):
            die()
        return await handle(invocation)

    chat.house.road.handle = typed  # type: ignore[method-assign] # the moment is between two lines


async def main(settings: Path, lines: Sequence[str], fatal: Fatal) -> None:
    """Type the lines, each once the run waits for it; the last thing is to die."""
    dies = fatal.line if fatal.moment == "during" else ""
    async with opened(settings, WrittenCi(settings.parent / JOBS, dies)) as chat:
        arm(chat, fatal)
        for line in lines:
            said = await chat.say(line)
            assert said.topic, said.text
            await quiet(chat)
        raise AssertionError("it was to be killed")


async def quiet(chat: Chat) -> RunbookRun:
    """Wait until the run does nothing by itself."""
    while True:
        run = await chat.house.procedures.runs.show("RUN-1")
        assert run is not None
        if run.state in _QUIET:
            return run
        await chat.house.engine.wait("runbook", f"RUN-1:{run.leg}", seconds=20)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2]), Fatal(sys.argv[3], sys.argv[4])))
