"""How a deploy stands: green only when nothing is left to do, whatever its pipeline says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.model import BuildState
from integrations.gitlab.provider import GitLab
from tests.integrations.gitlab.vendor import COMMITS, PROJECT, Forge

COMMIT = COMMITS["v1.4.2"]


def deployed(forge: Forge, status: str) -> dict[str, Any]:
    return forge.pipeline("v1.4.2", COMMIT, status, "api", "Wardroom deploy REQ-7-ab12")


async def stands(ci: GitLab, row: dict[str, Any]) -> tuple[BuildState, list[str]]:
    build = await ci.build(f"{PROJECT}/{row['id']}")
    return build.state, [stage.name for stage in build.stages]


@pytest.mark.parametrize("status", ["success", "manual", "skipped"])
async def test_a_deploy_that_waits_for_an_approval_is_shown_so_and_not_green(
    ci: GitLab, forge: Forge, status: str
) -> None:
    row = deployed(forge, status)
    forge.job(row, "package", "success")
    forge.deployment(forge.job(row, "deploy", "manual", allow_failure=True), "blocked")
    assert await stands(ci, row) == (
        BuildState.QUEUED,
        ["package", "deploy (waits for an approval in GitLab)"],
    )
    gate = (await ci.build(f"{PROJECT}/{row['id']}")).gate
    assert gate == "deploy (waits for an approval in GitLab)"


@pytest.mark.parametrize(
    ("job", "note"),
    [("manual", "waits for somebody to start it in GitLab"), ("scheduled", "is delayed")],
)
async def test_a_deploy_job_that_nobody_started_is_not_green(
    ci: GitLab, forge: Forge, job: str, note: str
) -> None:
    for with_deployment in (True, False):
        row = deployed(forge, "success")
        forge.job(row, "package", "success")
        made = forge.job(row, "deploy", job, allow_failure=True)
        if with_deployment:
            forge.deployment(made, "created")
        assert await stands(ci, row) == (BuildState.QUEUED, ["package", f"deploy ({note})"])


async def test_a_job_that_stops_an_environment_is_not_waited_for(ci: GitLab, forge: Forge) -> None:
    row = deployed(forge, "success")
    forge.deployment(forge.job(row, "deploy", "success"), "success")
    forge.job(row, "stop", "manual", allow_failure=True)
    assert await stands(ci, row) == (BuildState.GREEN, ["deploy", "stop (manual)"])


async def test_a_deployment_that_was_allowed_to_fail_is_red(ci: GitLab, forge: Forge) -> None:
    row = deployed(forge, "success")
    forge.deployment(forge.job(row, "deploy", "failed", allow_failure=True), "failed")
    state, stages = await stands(ci, row)
    assert (state, stages) == (BuildState.RED, ["deploy (allowed to fail)"])


async def test_a_deployment_that_succeeded_when_tried_again_is_green(
    ci: GitLab, forge: Forge
) -> None:
    row = deployed(forge, "success")
    first = forge.job(row, "deploy", "failed")
    forge.deployment(first, "failed")
    forge.jobs[row["id"]].remove(first)  # the list has each job as it ran last
    forge.job(row, "lint", "failed", allow_failure=True)["id"] = 7
    again = forge.job(row, "deploy", "success")
    again["id"] += 1
    forge.deployment(again, "success")
    assert (await stands(ci, row))[0] is BuildState.GREEN


async def test_a_cancelled_deploy_is_cancelled_whatever_still_waits(
    ci: GitLab, forge: Forge
) -> None:
    row = deployed(forge, "canceled")
    forge.deployment(forge.job(row, "deploy", "manual"), "created")
    assert (await stands(ci, row))[0] is BuildState.CANCELLED


async def test_deployments_that_are_hidden_or_too_many_make_it_unknown(
    ci: GitLab, forge: Forge
) -> None:
    row = deployed(forge, "success")
    job = forge.job(row, "deploy", "manual", allow_failure=True)
    for _ in range(301):
        forge.deployment(
            {**job, "pipeline": {"id": 1, "sha": COMMIT}}, "success", "2027-01-01T00:00:00Z"
        )
    assert (await stands(ci, row))[0] is BuildState.UNKNOWN

    def hiding(request: httpx.Request) -> httpx.Response | None:
        is_hidden = request.url.path.endswith("/deployments")
        return httpx.Response(403, json={"message": "403 Forbidden"}) if is_hidden else None

    forge.instead = hiding
    assert (await stands(ci, row))[0] is BuildState.UNKNOWN


async def test_deployments_older_than_the_pipeline_need_not_be_read(
    ci: GitLab, forge: Forge
) -> None:
    row = deployed(forge, "success")
    job = forge.job(row, "deploy", "manual", allow_failure=True)
    other = {**job, "pipeline": {"id": 1, "sha": COMMIT}}
    for _ in range(301):
        forge.deployment(other, "success", "2020-01-01T00:00:00Z")
    forge.deployment(job, "blocked")
    state, stages = await stands(ci, row)
    assert (state, stages) == (BuildState.QUEUED, ["deploy (waits for an approval in GitLab)"])


async def test_more_jobs_than_are_read_are_not_green(ci: GitLab, forge: Forge) -> None:
    row = deployed(forge, "success")
    for number in range(501):
        forge.job(row, f"job {number}", "success")
    assert (await stands(ci, row))[0] is BuildState.UNKNOWN
