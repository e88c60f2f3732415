"""GitHub's runs, jobs, steps and gates as ours: which state, which commit, whose correlation id.

What GitHub calls by a word that is not here is UNKNOWN, which is never green.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from bot.api import Build, BuildState, Stage, Unreachable
from integrations.github.names import is_commit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# docs.github.com/rest: "List workflow runs for a repository", status, and "Create a check run".
STATUSES: Final = {
    "queued": BuildState.QUEUED,
    "requested": BuildState.QUEUED,
    "pending": BuildState.QUEUED,
    "waiting": BuildState.QUEUED,
    "in_progress": BuildState.RUNNING,
}
# neutral, skipped, stale and action_required say nothing of whether anything was tested: UNKNOWN.
CONCLUSIONS: Final = {
    "success": BuildState.GREEN,
    "failure": BuildState.RED,
    "timed_out": BuildState.RED,
    "startup_failure": BuildState.RED,
    "cancelled": BuildState.CANCELLED,
}
# docs.github.com/rest/deployments/statuses; inactive: another one has taken its place since.
DEPLOYED: Final = {
    "success": BuildState.GREEN,
    "failure": BuildState.RED,
    "error": BuildState.RED,
    "queued": BuildState.QUEUED,
    "pending": BuildState.QUEUED,
    "waiting": BuildState.QUEUED,
    "in_progress": BuildState.RUNNING,
}
DISPATCHED: Final = "workflow_dispatch"
# docs.github.com, "Events that trigger workflows": those whose GITHUB_SHA is the run's own commit.
# A run of pull_request tests a merge with the base, one of pull_request_target the base alone.
OF_COMMIT: Final = frozenset(
    {
        "create",
        "merge_group",
        "push",
        "release",
        "repository_dispatch",
        "schedule",
        "workflow_dispatch",
    }
)
WANTED: Final = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{40}(?![0-9a-zA-Z])")
ASKED: Final = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9._-]{3,99})\]\s*$")
SHOWN: Final = 200  # characters of a name that GitHub gives a test or a stage
TESTS: Final = 20
NO_TEST: Final = ".github"  # the path of an annotation about the job itself


def build_of(row: Mapping[str, Any], repo: str, service: str) -> Build:
    """Return a run; one that a title asked for at another commit than it ran is not green."""
    number, commit = row.get("id"), row.get("head_sha")
    if not isinstance(number, int):
        raise Unreachable("GitHub sent a run without a number, so nothing is known.")
    state = state_of(row)
    other = _other_commit(row)
    if other and state is BuildState.GREEN:
        state = BuildState.RED
    ended = row.get("status") == "completed"
    return Build(
        id=f"{repo}/{number}",
        service=service,
        ref=str(row.get("head_branch") or str(commit or "")[:12]),
        commit=str(commit) if is_commit(commit) else "",
        state=state,
        url=str(row.get("html_url") or ""),
        started=None if state is BuildState.QUEUED else moment(row.get("run_started_at")),
        finished=moment(row.get("updated_at")) if ended else None,
        stages=(Stage(other, BuildState.RED),) if other else (),
        correlation=_correlation(row),
    )


def state_of(row: Mapping[str, Any]) -> BuildState:
    """Return the state of a run, a job or a step."""
    status = row.get("status")
    if status == "completed":
        return CONCLUSIONS.get(str(row.get("conclusion")), BuildState.UNKNOWN)
    return STATUSES.get(str(status), BuildState.UNKNOWN)


def is_of_commit(row: Mapping[str, Any], commit: str) -> bool:
    """Say whether a run tested that very commit."""
    return row.get("head_sha") == commit and row.get("event") in OF_COMMIT


def is_asked_with(row: Mapping[str, Any], correlation: str) -> bool:
    """Say whether a run was dispatched with a correlation id, which its `run-name` shows."""
    whole = re.compile(rf"(?<![\w.-]){re.escape(correlation)}(?![\w.-])")
    titles = (row.get("display_title"), row.get("name"))
    return row.get("event") == DISPATCHED and any(
        isinstance(title, str) and whole.search(title) for title in titles
    )


def with_stages(build: Build, jobs: Sequence[Mapping[str, Any]]) -> Build:
    """Return a build with a stage per job, and beneath it the step that failed or runs."""
    found: list[Stage] = []
    for job in jobs:
        if job.get("conclusion") == "skipped":
            continue
        name, state = _shown(job.get("name")), state_of(job)
        found.append(Stage(name, state, seconds_of(job)))
        steps = job.get("steps")
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step, dict) and state_of(step) in (BuildState.RED, BuildState.RUNNING):
                title = f"{name}: {_shown(step.get('name'))}"
                found.append(Stage(title, state_of(step), seconds_of(step)))
    return replace(build, stages=(*build.stages, *found))


def is_waiting(build_row: Mapping[str, Any], jobs: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether a run waits for the protection rules of an environment."""
    return build_row.get("status") != "completed" and any(
        row.get("status") == "waiting" for row in (build_row, *jobs)
    )


def gate_of(gate: Mapping[str, Any]) -> Stage:
    """Return what a run waits for: an environment's reviewers, its timer, or another rule of it.

    It is what goes on now, so that whoever watches reads it.
    """
    match gate:
        case {"environment": {"name": str(name)}}:
            where = _shown(name)
        case _:
            where = "an environment"
    reviewers = gate.get("reviewers")
    names = [_reviewer(one) for one in reviewers] if isinstance(reviewers, list) else []
    timer = gate.get("wait_timer")
    if names:
        said = f"waits on GitHub for a reviewer of {where} ({', '.join(names[:6])})"
    elif isinstance(timer, int) and timer > 0:
        said = f"waits on GitHub for the timer of {where} ({timer} min)"
    else:
        said = f"waits on GitHub for a protection rule of {where}"
    return Stage(said, BuildState.RUNNING, is_gate=True)


def deployed(environment: object, status: Mapping[str, Any]) -> Stage:
    """Return what GitHub keeps as a deployment, by its newest status."""
    state = DEPLOYED.get(str(status.get("state")), BuildState.UNKNOWN)
    return Stage(f"deployment to {_shown(environment)}", state)


def failing(annotations: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the tests that reporters annotated as failures, each once."""
    found = (
        _shown(row.get("title"))
        for row in annotations
        if row.get("annotation_level") == "failure" and row.get("path") != NO_TEST
    )
    return tuple(dict.fromkeys(name for name in found if name))[:TESTS]


def job_that_matters(jobs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the job that failed first, else the one that began last."""
    began = [
        (start, job)
        for job in jobs
        if job.get("conclusion") != "skipped" and (start := moment_of(job))
    ]
    in_order = [job for _, job in sorted(began, key=lambda pair: pair[0])]
    red = next((job for job in in_order if state_of(job) is BuildState.RED), None)
    return red or (in_order[-1] if in_order else None)


def moment_of(job: Mapping[str, Any]) -> datetime | None:
    """Return when a job began, None where it has not: GitHub gives one that waits a time too."""
    waits = state_of(job) is BuildState.QUEUED
    return None if waits else moment(job.get("started_at"))


def seconds_of(row: Mapping[str, Any]) -> int | None:
    """Return how long a job or a step took, None where it has not ended."""
    began, ended = moment(row.get("started_at")), moment(row.get("completed_at"))
    return max(0, int((ended - began).total_seconds())) if began and ended else None


def moment(text: object) -> datetime | None:
    """Return a time as GitHub writes it, None where there is none."""
    try:
        made = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return made if made.tzinfo else None


def _other_commit(row: Mapping[str, Any]) -> str:
    """Return that a run is of another commit than was asked for, "" where it is not.

    A tag that was moved between the asking and the running: the title holds what was approved.
    """
    title, ran = str(row.get("display_title") or ""), str(row.get("head_sha") or "")
    wanted = WANTED.findall(title) if row.get("event") == DISPATCHED else []
    if all(commit == ran for commit in wanted):
        return ""
    return f"ran commit {ran[:12]} and was asked for {wanted[0][:12]}: somebody moved the tag"


def _correlation(row: Mapping[str, Any]) -> str:
    match = ASKED.search(str(row.get("display_title") or ""))
    return match[1] if match and row.get("event") == DISPATCHED else ""


def _reviewer(one: object) -> str:
    match one:
        case {"type": "Team", "reviewer": {"slug": str(slug)}}:
            return f"team {_shown(slug)}"
        case {"reviewer": {"login": str(login)}}:
            return _shown(login)
    return "somebody"


def _shown(text: object) -> str:
    return " ".join(str(text or "").split())[:SHOWN]
