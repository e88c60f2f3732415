"""Follows a build that somebody asked for: its message says by itself how it ended."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.api import Done
from bot.deploys.looking import ENDED, looks
from bot.errors import Rejected, Unreachable
from bot.model import BuildState, Button, Reply, Step, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.deploys.patience import Patience
    from bot.model import Build, Json, Stage
    from bot.notices import TopicNotices
    from bot.ports import Ci, Engine, News, Steps

FOLLOWED: Final = "build"
_STEPS: Final = {
    BuildState.GREEN: StepState.DONE,
    BuildState.RED: StepState.FAILED,
    BuildState.RUNNING: StepState.RUNNING,
    BuildState.CANCELLED: StepState.SKIPPED,
    BuildState.UNKNOWN: StepState.UNKNOWN,
}


@dataclass(frozen=True)
class BuildDesk:
    """Implements `bot.api.Builds`."""

    engine: Engine
    notices: TopicNotices

    def follow(self, build: Build) -> Done:
        """Show a build that was asked for, and its changes in the same message until it ends."""
        shown = card(build)
        start = self.engine.start(FOLLOWED, build.id)
        keep = self.notices.keep(shown.topic, shown)

        async def tell(reply: Reply, _: tuple[object, ...]) -> Reply:
            await self.notices.tell(shown.topic)
            return reply

        return Done((keep, start), lambda _: shown, tell)


@dataclass(frozen=True)
class BuildFlow:
    """The durable part: looks until the build has ended; it only reads, so it may look again."""

    ci: Ci
    notices: TopicNotices
    news: News
    patience: Patience

    async def __call__(self, steps: Steps, key: str) -> None:
        """Follow the build whose id is the key."""

        async def follow() -> Mapping[str, Json]:
            return {"state": await self._follow(key)}

        await steps.run("follow", follow)

    async def _follow(self, build_id: str) -> str:
        shown: Reply | None = None
        why = ""
        try:
            async with aclosing(looks(self.ci, self.news, self.patience, build_id)) as seen:
                async for found in seen:
                    if isinstance(found, Unreachable):
                        why = found.text
                        continue
                    now = card(found, build_id)
                    if now != shown:
                        await self.notices.publish(now.topic, now)
                        shown = now
                    if found.state in ENDED:
                        return found.state.value
            why = f"It did not end in time. {why}".strip()
        except Rejected as error:
            why = error.text
        await self._leave(build_id, why)
        return BuildState.UNKNOWN.value

    async def _leave(self, build_id: str, why: str) -> None:
        """Say that nobody looks any more: silence would look like a build that goes on."""
        text = f"Build {build_id} is not followed any more: {why} `ci log {build_id}` looks again."
        reply = Reply(text, topic=topic(build_id), refs={"build": build_id, "state": "unknown"})
        await self.notices.publish(reply.topic, reply)


def topic(build_id: str) -> str:
    """Return the topic of a build's message."""
    return f"Build {build_id}"


def card(build: Build, asked: str = "") -> Reply:
    """Return a build's message; `asked` is its id when it was asked for, where that changed."""
    name = f"{build.service} {build.ref}".strip()
    failing = f" Failing: {', '.join(build.failing_tests[:3])}." if build.failing_tests else ""
    return Reply(
        text=f"Build {build.id} of {name} is {build.state.value}.{failing}",
        title=f"Build of {name}",
        fields=tuple(
            (label, value)
            for label, value in (("Commit", build.commit), ("Page", build.url))
            if value
        ),
        progress=tuple(_step(stage) for stage in build.stages),
        buttons=(Button("Log", f"ci log {build.id}"),),
        topic=topic(asked or build.id),
        refs={"build": build.id, "state": build.state.value},
    )


def _step(stage: Stage) -> Step:
    took = "" if stage.seconds is None else f"{stage.seconds} s"
    return Step(stage.name, _STEPS.get(stage.state, StepState.WAITING), took)
