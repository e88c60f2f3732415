"""Show the newest builds of a service, or those of one version, branch or commit."""

from __future__ import annotations

from typing import Annotated

from bot.api import Build, BuildState, Ci, Command, Reply, Risk, Service, Table, Word, args, written


class Args(args):
    """A service, and a ref or nothing for the newest builds."""

    service: Annotated[Service, Word("of")]
    ref: Annotated[str, Word("at")] = ""


async def run(arguments: Args, ci: Ci) -> Reply:
    """Ask the CI server."""
    service, ref = arguments.service, arguments.ref
    builds = await (ci.builds(service, ref) if ref else ci.recent(service))
    name = f"{service.id} {ref}".strip()
    if not builds:
        return Reply(
            f"CI has not built {name}. `ci run {service.id} {ref or 'VERSION'}` builds it.",
            refs={"state": BuildState.UNKNOWN.value},
        )
    newest = builds[0]
    rows = tuple(_row(build) for build in builds)
    return Reply(
        text=f"{name} is {newest.state.value} (build {newest.id}).{_failing(newest)}",
        title=f"CI of {name}",
        table=Table(("Build", "Ref", "Commit", "State", "Finished"), rows),
        refs={"build": newest.id, "state": newest.state.value, "commit": newest.commit},
    )


def _failing(build: Build) -> str:
    if not build.failing_tests:
        return ""
    return f" Failing: {', '.join(build.failing_tests[:3])}. `ci log {build.id}` shows more."


def _row(build: Build) -> tuple[str, ...]:
    finished = written(build.finished) if build.finished else ""
    return build.id, build.ref, build.commit[:12], build.state.value, finished


command = Command(
    "ci status",
    Args,
    run,
    summary="Show the builds of a service.",
    role="reader",
    risk=Risk.READ,
    examples=("ci status lab-results", "ci status lab-results 1.4.2"),
)
