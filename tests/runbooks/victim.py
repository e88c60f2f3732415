"""A house that is killed while a step of a runbook waits for its answer."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.house import opened
from tests.twins import TwinCi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model import Build, Service


class HangingCi(TwinCi):
    """Says that it was asked, and never answers."""

    def __init__(self, mark: Path) -> None:
        super().__init__()
        self._mark = mark

    async def builds(self, service: Service, ref: str, *, limit: int = 10) -> Sequence[Build]:
        del service, ref, limit
        self._mark.touch()
        await asyncio.Event().wait()
        raise AssertionError("it was to be killed")

    async def recent(self, service: Service, *, limit: int = 10) -> Sequence[Build]:
        return await self.builds(service, "", limit=limit)


async def main(settings: Path, line: str, mark: Path) -> None:
    """Begin a run and stay."""
    async with opened(settings, HangingCi(mark)) as chat:
        said = await chat.say(line)
        assert said.topic, said.text
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
