"""What is particular to CodePipeline: pinned commits, variables, states, stages and logs."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.api import Rejected, Unreachable
from bot.model import BuildState, Service
from integrations.codepipeline import reading
from integrations.codepipeline.places import execution_of
from tests.integrations.buildbot.repository import repository
from tests.integrations.codepipeline.service import (
    VARIABLES,
    PlayedAws,
    Run,
    action,
    declared,
    failure,
)
from tests.integrations.codepipeline.vendor import asking, built, portal

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES = {
    "InProgress": BuildState.RUNNING,
    "Stopping": BuildState.RUNNING,
    "Stopped": BuildState.CANCELLED,
    "Cancelled": BuildState.CANCELLED,
    "Superseded": BuildState.CANCELLED,
    "Succeeded": BuildState.GREEN,
    "Failed": BuildState.RED,
    "Sleeping": BuildState.UNKNOWN,
    "": BuildState.UNKNOWN,
}


def commit_of(version: str) -> str:
    return repository()[1][version]


def with_run(**over: Any) -> tuple[PlayedAws, Run]:
    """Return an AWS with one more execution of the portal, the newest."""
    aws = built()
    run = Run(**{"pipeline": "portal", "commit": commit_of("1.4.2"), "ends": "Succeeded", **over})
    aws.runs.insert(0, run)
    return aws, run


def started(aws: PlayedAws) -> Mapping[str, Any]:
    """Return what the one start was asked with."""
    (asked,) = [given for operation, given in aws.asked if operation == "StartPipelineExecution"]
    return asked


def deployed_by(builder: str) -> Service:
    service = portal()
    assert service.ci is not None
    return replace(service, ci=replace(service.ci, deploy_builder=builder))


async def test_a_deploy_pins_the_commit_and_carries_what_it_is_found_again_by() -> None:
    aws = built()
    async with asking(aws) as (ci, service):
        made = await ci.deploy(
            *(service, "1.4.2", commit_of("1.4.2"), "test"),
            correlation="REQ-1-aa",
            sites=["north", "south"],
        )
    asked = started(aws)
    assert {one["name"]: one["value"] for one in asked["variables"]} == {
        "VERSION": "1.4.2",
        "COMMIT": commit_of("1.4.2"),
        "ENVIRONMENT": "test",
        "SITES": "north,south",
        "CORRELATION": "REQ-1-aa",
    }
    assert asked["sourceRevisions"] == [
        {
            "actionName": "Source",
            "revisionType": "COMMIT_ID",
            "revisionValue": commit_of("1.4.2"),
        }
    ]
    assert made.id == f"deploy-portal/{aws.runs[0].id}"
    assert made.url.endswith(f"{aws.runs[0].id}/timeline?region=eu-central-1")


async def test_the_same_request_twice_is_one_execution_by_its_token() -> None:
    aws = built()
    async with asking(aws) as (ci, service):
        order = (service, "1.4.2", commit_of("1.4.2"), "test")
        one = await ci.deploy(*order, correlation="REQ-1-aa")
        again = await ci.deploy(*order, correlation="REQ-1-aa")
        other = await ci.deploy(*order, correlation="REQ-1-bb")
    assert one.id == again.id != other.id


async def test_a_build_asked_for_sends_only_the_variables_that_the_pipeline_has() -> None:
    aws = built()
    aws.pipelines["portal"] = declared("portal", ("CORRELATION",))
    async with asking(aws) as (ci, service):
        await ci.trigger(service, "1.4.2", correlation="REQ-1-aa")
    assert started(aws)["variables"] == [{"name": "CORRELATION", "value": "REQ-1-aa"}]
    assert started(aws)["sourceRevisions"][0]["revisionValue"] == commit_of("1.4.2")


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        (declared("deploy-portal", pipelineType="V1"), "make it V2"),
        (declared("deploy-portal", VARIABLES[:4]), "does not declare the variable CORRELATION"),
        (declared("deploy-portal", ("CORRELATION",)), "VERSION, COMMIT, ENVIRONMENT"),
        (declared("deploy-portal", stages=[]), "has no source actions"),
    ],
)
async def test_a_pipeline_that_would_not_take_the_commit_is_refused_before_anything_is_sent(
    declaration: dict[str, Any], said: str
) -> None:
    aws = built()
    aws.pipelines["deploy-portal"] = declaration
    async with asking(aws) as (ci, service):
        with pytest.raises(Rejected, match=said):
            await ci.deploy(service, "1.4.2", commit_of("1.4.2"), "test", correlation="REQ-1-aa")
    assert "StartPipelineExecution" not in [operation for operation, _ in aws.asked]


def test_of_several_sources_the_one_of_the_repository_is_pinned() -> None:
    made = declared("portal")
    one = made["stages"][0]["actions"][0]
    config = {"FullRepositoryId": "acme/config", "BranchName": "main"}
    bucket = {**one["actionTypeId"], "provider": "S3"}
    made["stages"][0]["actions"] += [
        {**one, "name": "Config", "configuration": config},
        {**one, "name": "Bucket", "actionTypeId": bucket},
    ]
    for address in ("https://git.test/acme/portal.git", "git@git.test:acme/portal"):
        assert reading.git_sources(made, address) == ["Source"]  # type: ignore[arg-type] # its shape is AWS's
    assert reading.git_sources(made, "https://git.test/acme/other") == []  # type: ignore[arg-type] # its shape is AWS's


@pytest.mark.parametrize(("status", "state"), STATES.items())
async def test_every_status_is_read_and_none_that_is_unknown_is_green(
    status: str, state: BuildState
) -> None:
    aws, run = with_run(ends=status)
    async with asking(aws) as (ci, service):
        assert (await ci.builds(service, "1.4.2"))[0].state is state
        assert (await ci.build(f"portal/{run.id}")).state is state


async def test_a_rollback_of_a_stage_is_no_green_build() -> None:
    aws, run = with_run(kind="ROLLBACK")
    async with asking(aws) as (ci, service):
        assert (await ci.builds(service, "1.4.2"))[0].state is BuildState.UNKNOWN
        assert (await ci.build(f"portal/{run.id}")).state is BuildState.UNKNOWN


@pytest.mark.parametrize("fetched", ["1.4.1", ""])
async def test_what_ran_another_commit_than_was_asked_for_is_never_green(fetched: str) -> None:
    commit = commit_of(fetched) if fetched else ""
    aws, run = with_run(commit=commit, variables={"COMMIT": commit_of("1.4.2")})
    async with asking(aws) as (ci, service):
        build = await ci.build(f"portal/{run.id}")
        newest = (await ci.builds(service, "1.4.2"))[0]
    assert build.state is BuildState.UNKNOWN
    assert build.commit == commit
    assert newest.id != build.id


async def test_a_manual_approval_is_shown_as_waiting_and_is_never_ours_to_give() -> None:
    aws, run = with_run(ends="InProgress")
    run.rows = [
        action(run, "Release/Ok", "Approval", "InProgress", at=30),
        action(run, "Source/Source", "Source", "Succeeded", at=0),
    ]
    async with asking(aws) as (ci, _):
        build = await ci.build(f"portal/{run.id}")
    assert build.state is BuildState.RUNNING
    assert [(stage.name, stage.state, stage.seconds) for stage in build.stages] == [
        ("Source/Source", BuildState.GREEN, 12),
        ("Release/Ok waits for its manual approval in AWS", BuildState.RUNNING, None),
    ]
    assert {operation for operation, _ in aws.asked} == {
        "GetPipelineExecution",
        "ListActionExecutions",
    }


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("InProgress", BuildState.RUNNING),
        ("Abandoned", BuildState.CANCELLED),
        ("Succeeded", BuildState.GREEN),
        ("Failed", BuildState.RED),
        ("Dreaming", BuildState.UNKNOWN),
    ],
)
async def test_every_action_is_a_stage_in_its_state(status: str, state: BuildState) -> None:
    aws, run = with_run()
    run.rows = [action(run, "Build/Test", "Build", status, at=20)]
    async with asking(aws) as (ci, _):
        (stage,) = (await ci.build(f"portal/{run.id}")).stages
    assert (stage.name, stage.state) == ("Build/Test", state)


async def test_the_log_is_what_is_said_of_the_failed_action_and_where_its_log_is() -> None:
    aws = built()
    red = next(run for run in aws.runs if run.ends == "Failed")
    async with asking(aws) as (ci, _):
        log = await ci.log_tail(f"portal/{red.id}")
        last = await ci.log_tail(f"portal/{red.id}", lines=1)
    assert log.splitlines()[:2] == ["Build/Test: Failed", "JobFailed"]
    assert "COMMAND_EXECUTION_ERROR" in log
    assert last.startswith("Its log is not copied here; it is at https://eu-central-1.console")


async def test_builds_are_found_on_later_pages_and_only_those_of_the_commit() -> None:
    aws = built()
    aws.page = 2
    for _ in range(5):
        aws.runs.insert(0, Run("portal", commit_of("1.4.1"), "Succeeded"))
    async with asking(aws) as (ci, service):
        (found,) = await ci.builds(service, "1.4.2")
        assert len(await ci.builds(service, "1.4.1", limit=3)) == 3
    assert found.commit == commit_of("1.4.2")
    assert found.ref == "1.4.2"


async def test_looking_for_a_correlation_stops_where_it_cannot_be_any_more() -> None:
    aws = built()
    aws.page = 1
    old = time.time() - 30 * 86400
    aws.runs += [Run("portal", commit_of("1.4.1"), "Succeeded", began=old) for _ in range(10)]
    async with asking(aws) as (ci, service):
        assert await ci.find(service, "REQ-1-aa") is None
    listed = [given for operation, given in aws.asked if operation == "ListPipelineExecutions"]
    assert len([one for one in listed if one["pipelineName"] == "portal"]) == 4


async def test_where_more_was_started_than_is_looked_through_it_is_not_said_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("integrations.codepipeline.provider.LOOKED", 3)
    aws = built()
    for number in range(5):
        given = {"CORRELATION": f"REQ-{number}"}
        aws.runs.insert(0, Run("deploy-portal", commit_of("1.4.1"), "Succeeded", given))
    async with asking(aws) as (ci, service):
        found = await ci.find(service, "REQ-4")
        with pytest.raises(Unreachable, match="more executions of deploy-portal"):
            await ci.find(service, "REQ-0")
    assert found is not None
    assert found.correlation == "REQ-4"


async def test_too_many_pages_are_not_taken_for_all_of_them() -> None:
    aws = built()
    aws.page = 1
    aws.runs += [Run("deploy-portal", "", "Succeeded", trigger="Webhook") for _ in range(6)]
    async with asking(aws) as (ci, service):
        with pytest.raises(Unreachable, match="looked through"):
            await ci.find(service, "REQ-1-aa")


async def test_an_execution_that_another_pipeline_answers_for_is_not_understood() -> None:
    aws, run = with_run()
    other = Run("portal", commit_of("1.4.2"), "Succeeded")
    async with asking(aws) as (ci, _):
        aws.fault = lambda operation: (
            aws._of_one(operation, other) if operation == "GetPipelineExecution" else None
        )
        with pytest.raises(Unreachable, match="not understood"):
            await ci.build(f"portal/{run.id}")


async def test_a_reading_that_fails_once_is_asked_again_and_a_start_never_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("integrations.codepipeline.aws.FIRST_WAIT", 0.0)
    monkeypatch.setattr("integrations.codepipeline.aws.LONGEST_WAIT", 0.0)
    aws = built()
    broken = [failure("InternalFailure", status=500)]
    aws.fault = lambda _: broken.pop() if broken else None
    async with asking(aws) as (ci, service):
        assert await ci.builds(service, "1.4.2")
        aws.fault = lambda operation: (
            failure("InternalFailure", status=500) if operation.startswith("Start") else None
        )
        with pytest.raises(Unreachable):
            await ci.deploy(service, "1.4.2", commit_of("1.4.2"), "test", correlation="REQ-1-aa")
    assert started(aws)


@pytest.mark.parametrize(
    "build_id",
    ["", "portal", "portal/7", "../x/7", "portal/" + "0" * 36, "a b/x", "1/portal/x", "portal/x?y"],
)
def test_an_id_that_is_none_of_ours_is_never_sent_on(build_id: str) -> None:
    with pytest.raises(Rejected, match="is no build of AWS CodePipeline"):
        execution_of(build_id)


async def test_a_name_that_no_pipeline_can_have_is_never_sent_on() -> None:
    aws = built()
    async with asking(aws) as (ci, _):
        for builder in ("deploy portal", "a/b/c", "../x", "12/portal", "x" * 101):
            with pytest.raises(Rejected, match="is no pipeline"):
                await ci.deploy(
                    *(deployed_by(builder), "1.4.2", commit_of("1.4.2"), "test"),
                    correlation="REQ-1-aa",
                )
    assert aws.asked == []
