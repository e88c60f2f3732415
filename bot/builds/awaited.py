"""Tells whoever asked for a deploy too early how the build of that commit ended.

Nothing is deployed by that: what was asked for is refused, and its message offers to ask again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.api import Done
from bot.builds.watch import progress
from bot.model import BuildState, Button, Reason, Reply, Style, Visibility
from bot.moments import at_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.api import Command
    from bot.builds.watch import Watch
    from bot.dispatch.turn import Turn
    from bot.model import Build, Json
    from bot.ports import Engine, Notices, Steps

AWAITED: Final = "awaited-build"
MOST: Final = 16  # at once in a process: half of what it runs, so that a deploy finds room
ASKED: Final = "Asked"  # the field with the line that may be typed again
NOT_RUN: Final = "Nothing was started."


@dataclass(frozen=True)
class AwaitedDesk:
    """Makes a refusal of what has to wait for its build one that is heard of again."""

    engine: Engine
    notices: Notices
    line: Callable[[Command, Mapping[str, str]], str]

    def __call__(self, turn: Turn, build: Build) -> Done | None:
        """Return what keeps the promise; None where none is made: for a dry run, or too many."""
        if turn.facts.dry_run or len(self.engine.running(AWAITED)) >= MOST:
            return None
        asked = self.line(turn.command.command, turn.command.values)
        title = turn.proposal.summary if turn.proposal else asked
        first = Reply(
            "",
            title=title,
            fields=((ASKED, asked), ("Commit", build.commit)),
            visibility=Visibility.PUBLIC,
            topic=topic(turn.correlation),
        )
        shown = card(first, build)
        effects = (
            self.notices.keep(shown.topic, shown),
            self.engine.start(AWAITED, turn.correlation),
        )

        async def tell(reply: Reply, _: tuple[object, ...]) -> Reply:
            await self.notices.tell(shown.topic)
            return reply

        return Done(effects, lambda _: shown, tell)


@dataclass(frozen=True)
class AwaitedFlow:
    """The durable part; which build it is, and what was asked, its own message says."""

    watch: Watch
    notices: Notices

    async def __call__(self, steps: Steps, key: str) -> None:
        """Follow the build that the asking of this correlation id has to wait for."""

        async def follow() -> Mapping[str, Json]:
            first = await self.notices.current(topic(key))
            if first is None:
                return {"state": BuildState.UNKNOWN.value}
            state = await self.watch(
                first.refs["build"], partial(card, first), partial(left, first)
            )
            return {"state": state.value}

        await steps.run("follow", follow)


def topic(correlation: str) -> str:
    """Return the topic of the message to whoever asked too early."""
    return f"Awaited build {correlation}"


def card(first: Reply, build: Build) -> Reply:
    """Return the message as the build is now; the earlier one says what was asked for."""
    return replace(
        first,
        text=f"{first.title}: build {build.id} {_said(first, build)}",
        reason=Reason.OK if build.state is BuildState.GREEN else Reason.CI_NOT_GREEN,
        progress=progress(build),
        buttons=_buttons(first, build),
        refs={"build": build.id, "state": build.state.value},
    )


def left(first: Reply, why: str) -> Reply:
    """Return the message of a build that nobody looks at any more."""
    build = first.refs["build"]
    text = f"{first.title}: build {build} is not followed any more: {why} {NOT_RUN}"
    return replace(
        first,
        text=f"{text} `ci log {build}` looks again.",
        reason=Reason.CI_NOT_GREEN,
        buttons=(),
        refs={"build": build, "state": BuildState.UNKNOWN.value},
    )


def _said(first: Reply, build: Build) -> str:
    match build.state:
        case BuildState.GREEN:
            return f"is green now. {NOT_RUN} Type `{_asked(first)}` again."
        case BuildState.RED:
            return f"is red{_where(build)}. {NOT_RUN} `ci log {build.id}` shows the end of its log."
        case BuildState.CANCELLED:
            return f"was cancelled. {NOT_RUN} `ci run` builds it again."
    since = f" since {at_time(build.started).removeprefix('at ')}" if build.started else ""
    state = "still running" if build.state is BuildState.RUNNING else f"still {build.state.value}"
    return f"is {state}{since}. {NOT_RUN} This message will say how it ended."


def _where(build: Build) -> str:
    """Return where a build broke: its stage, and the first failing tests."""
    broken = [stage.name for stage in build.stages if stage.state is BuildState.RED]
    stage = f" in {', '.join(broken[:3])}" if broken else ""
    return f"{stage}: {', '.join(build.failing_tests[:3])}" if build.failing_tests else stage


def _buttons(first: Reply, build: Build) -> tuple[Button, ...]:
    log = Button("Log", f"ci log {build.id}")
    if build.state is BuildState.GREEN:
        return Button("Ask again", _asked(first), Style.PRIMARY), log
    return (log,)


def _asked(first: Reply) -> str:
    return dict(first.fields)[ASKED]
