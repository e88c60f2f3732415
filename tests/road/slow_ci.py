"""A CI server whose jobs run until a test ends them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.model import BuildState, Stage
from tests.twins import TwinCi

if TYPE_CHECKING:
    from bot.model import Build


@dataclass
class SlowCi(TwinCi):
    """Its jobs run until they are over, and then are what `end` says."""

    is_over: bool = False
    end: BuildState = BuildState.GREEN
    state: BuildState = BuildState.RUNNING
    stages: tuple[Stage, ...] = ()
    looks: int = 0

    async def build(self, build_id: str) -> Build:
        self.looks += 1
        found = await super().build(build_id)
        if self.is_over:
            return replace(found, state=self.end)
        return replace(found, state=self.state, stages=self.stages)
