"""CI is green for exactly this commit; what cannot be told is not green."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import Refused, StillBuilding, Unreachable
from bot.model import BuildState, Reason

if TYPE_CHECKING:
    from bot.deploys.gates.gate import Asked
    from bot.model import Build
    from bot.ports import Ci

UNDER_WAY: Final = (BuildState.QUEUED, BuildState.RUNNING)


@dataclass(frozen=True)
class Green:
    """Asks the CI server for the newest build of the commit."""

    ci: Ci

    async def __call__(self, asked: Asked) -> None:
        """Refuse unless the newest build is green; `StillBuilding` while it is under way."""
        wanted, commit = asked.wanted, asked.commit
        name = f"{wanted.service.id} {wanted.version}"
        try:
            builds = await self.ci.builds(wanted.service, commit, limit=1)
        except Unreachable as error:
            raise Refused(
                Reason.CI_NOT_GREEN,
                f"Whether CI is green for {name} cannot be told, which counts as not green: "
                f"{error.text}",
            ) from error
        if not builds:
            raise Refused(
                Reason.CI_NOT_GREEN,
                f"CI has not built {name} (commit {commit[:12]}). "
                f"Type `ci run {wanted.service.id} {wanted.version}` first.",
            )
        build = builds[0]
        if build.state is not BuildState.GREEN:
            failing = f": {', '.join(build.failing_tests[:3])}" if build.failing_tests else ""
            said = f"CI is {build.state.value} for {name} (build {build.id}){failing}."
            text = f"{said} {_next(build, name)}"
            if build.state in UNDER_WAY:
                raise StillBuilding(text, build)
            raise Refused(Reason.CI_NOT_GREEN, text)


def _next(build: Build, name: str) -> str:
    """Return what to do about a build that is not green."""
    if build.state in UNDER_WAY:
        return f"Try again when it is green: `ci status {name}`."
    if build.state is BuildState.RED:
        return f"`ci log {build.id}` shows the end of its log."
    return f"`ci run {name}` builds it again."
