"""Looks at a build until it has ended, and has a message say each change of it."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.deploys.looking import ENDED, looks
from bot.errors import Rejected, Unreachable
from bot.model import BuildState, Step, StepState

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.deploys.patience import Patience
    from bot.model import Build, Reply, Stage
    from bot.ports import Ci, News, Notices

_STEPS: Final = {
    BuildState.GREEN: StepState.DONE,
    BuildState.RED: StepState.FAILED,
    BuildState.RUNNING: StepState.RUNNING,
    BuildState.CANCELLED: StepState.SKIPPED,
    BuildState.UNKNOWN: StepState.UNKNOWN,
}


@dataclass(frozen=True)
class Watch:
    """Only reads, so it may look again after a restart."""

    ci: Ci
    notices: Notices
    news: News
    patience: Patience

    async def __call__(
        self, build_id: str, draw: Callable[[Build], Reply], leave: Callable[[str], Reply]
    ) -> BuildState:
        """Publish what `draw` makes of a build, at each change, and return how it ended.

        Where nobody looks any more, what `leave` makes of the reason: silence would look like a
        build that goes on.
        """
        shown: Reply | None = None
        why = ""
        try:
            async with aclosing(looks(self.ci, self.news, self.patience, build_id)) as seen:
                async for found in seen:
                    if isinstance(found, Unreachable):
                        why = found.text
                        continue
                    now = draw(found)
                    if now != shown:
                        await self.notices.publish(now.topic, now)
                        shown = now
                    if found.state in ENDED:
                        return found.state
            why = f"It did not end in time. {why}".strip()
        except Rejected as error:
            why = error.text
        last = leave(why)
        await self.notices.publish(last.topic, last)
        return BuildState.UNKNOWN


def progress(build: Build) -> tuple[Step, ...]:
    """Return the stages of a build as lines of progress."""
    return tuple(_step(stage) for stage in build.stages)


def _step(stage: Stage) -> Step:
    took = "" if stage.seconds is None else f"{stage.seconds} s"
    return Step(stage.name, _STEPS.get(stage.state, StepState.WAITING), took)
