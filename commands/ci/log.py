"""Show one build: its stages, its failing tests and the end of its log."""

from __future__ import annotations

from bot.api import Ci, Command, Reply, Risk, Table, args


class Args(args):
    """The build, as `ci status` names it."""

    build: str


async def run(arguments: Args, ci: Ci) -> Reply:
    """Ask the CI server; patient data in a log is masked on the way out."""
    build = await ci.build(arguments.build)
    tail = await ci.log_tail(arguments.build)
    rows = tuple(
        (stage.name, stage.state.value, "" if stage.seconds is None else f"{stage.seconds} s")
        for stage in build.stages
    )
    return Reply(
        text=f"Build {build.id} of {build.service} {build.ref} is {build.state.value}.",
        title=f"Build {build.id}",
        fields=(("Commit", build.commit), ("Page", build.url)),
        table=Table(("Stage", "State", "Took"), rows) if rows else None,
        items=build.failing_tests,
        code=tail,
        refs={"build": build.id, "state": build.state.value},
    )


command = Command(
    "ci log",
    Args,
    run,
    summary="Show one build and the end of its log.",
    role="reader",
    risk=Risk.READ,
    examples=("ci log 12",),
)
