"""GitLab's statuses as ours; whatever is not known here is UNKNOWN, which is never green.

Source: docs.gitlab.com, "Pipelines API" and "CI/CD jobs" (available job statuses).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from bot.api import Build, BuildState, Stage
from integrations.gitlab import names

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES: Final = {
    "created": BuildState.QUEUED,
    "waiting_for_resource": BuildState.QUEUED,
    "waiting_for_callback": BuildState.QUEUED,
    "preparing": BuildState.QUEUED,
    "pending": BuildState.QUEUED,
    "scheduled": BuildState.QUEUED,
    "manual": BuildState.QUEUED,  # it waits for a person
    "running": BuildState.RUNNING,
    "canceling": BuildState.RUNNING,  # its after_script still runs
    "success": BuildState.GREEN,
    "failed": BuildState.RED,
    "canceled": BuildState.CANCELLED,
    "skipped": BuildState.CANCELLED,  # nothing of it ran
}
ENDED: Final = (BuildState.GREEN, BuildState.RED, BuildState.CANCELLED)
# What a push or a merge request starts tests the commit. A person, a schedule, a trigger or a call
# of the API may give variables by which nothing is tested, so those count only where they bear
# our name for a build.
TESTING: Final = frozenset({"push", "merge_request_event", "external_pull_request_event"})


def state(row: Mapping[str, Any]) -> BuildState:
    """Return the state of a pipeline or a job."""
    status = row.get("status")
    return STATES.get(status, BuildState.UNKNOWN) if isinstance(status, str) else BuildState.UNKNOWN


def is_deploy(row: Mapping[str, Any]) -> bool:
    """Say whether a pipeline bears our name for a deploy."""
    return str(row.get("name") or "").startswith(f"{names.DEPLOY} ")


def is_build(row: Mapping[str, Any]) -> bool:
    """Say whether a pipeline tests its commit."""
    if is_deploy(row):
        return False
    ours = str(row.get("name") or "").startswith(f"{names.BUILD} ")
    return ours or row.get("source") in TESTING


def build(row: Mapping[str, Any], project: str, service: str) -> Build:
    """Return a pipeline as a build; a list says less of it than its own page."""
    now = state(row)
    ended = row.get("finished_at") or (row.get("updated_at") if now in ENDED else None)
    sha = row.get("sha")
    return Build(
        id=str(names.Pipeline(project, int(row["id"]))),
        service=service,
        ref=str(row.get("ref") or ""),
        commit=str(sha) if names.is_commit(sha) else "",
        state=now,
        url=str(row.get("web_url") or ""),
        started=moment(row.get("started_at")),
        finished=moment(ended),
        correlation=names.correlation(row.get("name")),
    )


def stage(job: Mapping[str, Any], waits: str = "") -> Stage:
    """Return a job as a stage; `waits` says for what it waits."""
    now, note = state(job), waits
    if now is BuildState.RED and job.get("allow_failure"):
        note = "allowed to fail"
    elif not waits and job.get("status") in ("manual", "skipped"):
        note = str(job["status"])
    name = str(job.get("name") or "?")
    took = job.get("duration")
    seconds = round(took) if isinstance(took, int | float) else None
    return Stage(f"{name} ({note})" if note else name, now, seconds, is_gate=bool(waits))


def moment(value: object) -> datetime | None:
    """Return an ISO 8601 moment, None where there is none or it cannot be read."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
