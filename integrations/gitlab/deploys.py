"""Says how a deploy pipeline stands: its own status says `success` too early.

A job that is optional (`allow_failure`, which a manual job is by default) does not count in the
status of its pipeline, whether it waits for a person or has failed. The deployments of the
pipeline say more: docs.gitlab.com, "Deployments API" and "Deployment approvals".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.api import Build, BuildState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.gitlab.rest import Found

IDLE: Final = ("manual", "scheduled")
FAILED: Final = ("failed", "canceled")
# The statuses of a pipeline that may hide what an optional job of it does.
HIDING: Final = ("success", "skipped", *IDLE)
# For what a job waits, by its deployment's status or its own.
WAITING: Final = {"blocked": "waits for an approval in GitLab", "scheduled": "is delayed"}
TO_START: Final = "waits for somebody to start it in GitLab"


def is_hiding(row: Mapping[str, Any], jobs: Found) -> bool:
    """Say whether the deployments have to be asked for how a pipeline stands."""
    if row.get("status") not in HIDING:
        return False
    return not jobs.whole or any(_is_optional(job) for job in jobs.rows)


def judged(build: Build, jobs: Found, known: Mapping[int, str] | None) -> Build:
    """Return a deploy in the state that its deployments (by job) give it.

    Queued while a job that would deploy waits for a person; red where a deployment failed; green
    where one succeeded; unknown where that cannot be said.
    """
    if known is None or not jobs.whole:
        unsure = replace(build, state=BuildState.UNKNOWN, finished=None)
        return build if build.state is BuildState.QUEUED else unsure
    said = _said(jobs, known)
    if waits(jobs, known):
        return replace(build, state=BuildState.QUEUED, finished=None)
    if build.state is BuildState.GREEN and not said.isdisjoint(FAILED):
        return replace(build, state=BuildState.RED)
    return build


def waits(jobs: Found, known: Mapping[int, str] | None) -> Mapping[int, str]:
    """Return for what each job waits that would still deploy.

    A manual job without a deployment, such as one that stops an environment, is not waited for
    once another job has deployed.
    """
    known = known or {}
    done = "success" in _said(jobs, known)
    return {
        int(job["id"]): WAITING.get(known.get(job["id"], ""), WAITING.get(job["status"], TO_START))
        for job in jobs.rows
        if job.get("status") in IDLE and (job["id"] in known or not done)
    }


def _said(jobs: Found, known: Mapping[int, str]) -> set[str]:
    """Return the statuses of the deployments; of a job that was tried again the last one's."""
    return {known[job["id"]] for job in jobs.rows if job["id"] in known}


def _is_optional(job: Mapping[str, Any]) -> bool:
    excused = bool(job.get("allow_failure")) and job.get("status") in FAILED
    return excused or job.get("status") in IDLE
