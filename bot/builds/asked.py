"""Follows a build that somebody asked for: its message says by itself how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.api import Done
from bot.builds.watch import progress
from bot.model import Button, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.builds.watch import Watch
    from bot.model import Build, Json
    from bot.ports import Engine, Notices, Steps

FOLLOWED: Final = "build"


@dataclass(frozen=True)
class BuildDesk:
    """Implements `bot.api.Builds`."""

    engine: Engine
    notices: Notices

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
    """The durable part."""

    watch: Watch

    async def __call__(self, steps: Steps, key: str) -> None:
        """Follow the build whose id is the key."""

        async def follow() -> Mapping[str, Json]:
            state = await self.watch(key, partial(card, asked=key), partial(left, key))
            return {"state": state.value}

        await steps.run("follow", follow)


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
        progress=progress(build),
        buttons=(Button("Log", f"ci log {build.id}"),),
        topic=topic(asked or build.id),
        refs={"build": build.id, "state": build.state.value},
    )


def left(build_id: str, why: str) -> Reply:
    """Return the message of a build that nobody looks at any more."""
    text = f"Build {build_id} is not followed any more: {why} `ci log {build_id}` looks again."
    return Reply(text, topic=topic(build_id), refs={"build": build_id, "state": "unknown"})
